"""Everything downloaded or built lives outside the tree, under one directory, made once and then only read."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path


def root() -> Path:
    """$CR_CACHE, or cr-matrix in the user's cache directory."""
    if explicit := os.environ.get("CR_CACHE"):
        return Path(explicit)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "cr-matrix"


def key_of(*parts: str | bytes) -> str:
    """A short name for a recipe: equal parts give equal names, and the borders between parts count."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:20]


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Only one process at a time works on `path`; the others wait for its result."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_name(path.name + ".lock"), "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def made_once(path: Path, make: Callable[[Path], None]) -> Path:
    """Return `path`; if it does not exist, `make(temporary)` makes it and it appears by rename, complete or not at all."""
    if path.exists():
        return path
    with locked(path):
        if path.exists():
            return path
        # In the same directory: the rename must not cross file systems.
        scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=path.parent))
        try:
            fresh = scratch / path.name
            make(fresh)
            os.rename(fresh, path)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return path
