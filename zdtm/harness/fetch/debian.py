"""Fetches packages of another Debian suite or architecture into the cache.

A private apt state (lists, status, sources) below the cache does the work, so signatures and
checksums are apt's business, the host's own package state is not touched, and no root is needed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class FetchError(Exception):
    """The packages cannot be had; the message says why."""


def cache_root() -> Path:
    if override := os.environ.get("CR_CACHE"):
        return Path(override)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "cr-matrix"


def mirror() -> str:
    """The Debian mirror this machine's own apt uses (security and third parties are not it)."""
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE) $(ORIGIN) $(SUITE)"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    for line in done.stdout.splitlines():
        site, origin, suite = (line.split(" ", 2) + ["", ""])[:3]
        if (
            origin == "Debian"
            and "security" not in suite
            and site.rstrip("/").endswith("/debian")
        ):
            return site.rstrip("/")
    raise FetchError("apt on this machine has no Debian mirror among its sources")


@dataclass(frozen=True)
class Request:
    """What to fetch. With closure the libraries it depends on come along, libc included."""

    suite: str
    architecture: str
    packages: tuple[str, ...]
    closure: bool

    def key(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Two runs that miss the same thing fetch it once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def unpacked(name: str, request: Request) -> Path:
    """The directory that holds the unpacked packages; fetched on first use."""
    target = cache_root() / "debian" / f"{name}-{request.key()}"
    if (target / ".complete").exists():
        return target
    with locked(target.with_suffix(".lock")):
        if (target / ".complete").exists():
            return target
        partial = target.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        debs = _download(request, partial / ".apt")
        for deb in debs:
            _run(["dpkg", "-x", str(deb), str(partial)])
        shutil.rmtree(partial / ".apt")
        (partial / ".packages").write_text("".join(f"{deb.name}\n" for deb in debs))
        (partial / ".complete").touch()
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
    return target


def _download(request: Request, state: Path) -> list[Path]:
    for folder in ("lists/partial", "archives/partial"):
        (state / folder).mkdir(parents=True)
    (state / "status").touch()
    # The archive's own key ring is named here: a line without signed-by would trust every key.
    (state / "sources.list").write_text(
        f"deb [signed-by={KEYRING} arch={request.architecture}] {mirror()} {request.suite} main\n"
    )
    options = [
        "-q",
        "-oAPT::Architecture=" + request.architecture,
        "-oAPT::Architectures=" + request.architecture,
        "-oAPT::Install-Recommends=0",
        "-oAPT::Sandbox::User=",  # the cache may be unreadable for the user _apt
        "-oAcquire::Languages=none",
        "-oAcquire::Retries=3",
        f"-oDir::State={state}",
        f"-oDir::State::lists={state}/lists",
        f"-oDir::State::status={state}/status",
        f"-oDir::Cache={state}",
        f"-oDir::Cache::archives={state}/archives",
        f"-oDir::Etc::sourcelist={state}/sources.list",
        "-oDir::Etc::sourceparts=/dev/null",
        "-oDir::Etc::preferencesparts=/dev/null",
        "-oDebug::NoLocking=1",
    ]
    _run(["apt-get", *options, "update"])
    if request.closure:
        _run(
            ["apt-get", *options, "-y", "--download-only", "install", *request.packages]
        )
    else:
        _run(
            ["apt-get", *options, "download", *request.packages], cwd=state / "archives"
        )
    debs = sorted((state / "archives").glob("*.deb"))
    if not debs:
        raise FetchError(f"apt brought no package for {' '.join(request.packages)}")
    return debs


def _run(argv: Sequence[str], cwd: Path | None = None) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, cwd=cwd)
    # apt-get update answers a mirror that is away with a warning and exit 0.
    broken = re.search(
        r"^[EW]: .*(Failed to fetch|could not|not signed).*$", done.stderr, re.M
    )
    if done.returncode != 0 or broken:
        raise FetchError(f"{' '.join(argv[:1])} failed: {done.stderr.strip()[-800:]}")
