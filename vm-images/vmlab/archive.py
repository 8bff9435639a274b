"""A private apt, apart from the machine's own: its suites, its index files, no installed packages.

apt checks the signature of InRelease (gpgv, Debian's archive keyring), the checksum of each index and of each package, and
honours the proxy settings of the machine; none of that is done a second time here.
"""

from __future__ import annotations

import re
from pathlib import Path

from . import cache, mirror, tools
from .errors import VmSetupError
from .packages import Package, parse_stanzas

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_HELPER = "/usr/lib/apt/apt-helper"

_CONFIG = """\
Dir::State "{home}";
Dir::State::lists "{home}/lists";
Dir::State::status "/dev/null";
Dir::Cache "{home}";
Dir::Etc::sourcelist "{home}/debian.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "3";
"""

_SOURCE = """\
Types: deb
URIs: {base}
Suites: {suite}
Components: main
Architectures: {architecture}
Signed-By: {keyring}
"""


class Archive:
    """The packages of one suite for one architecture."""

    def __init__(self, suite: str, architecture: str, bases: mirror.Mirror) -> None:
        if not _KEYRING.exists():
            raise VmSetupError(
                f"{_KEYRING} is missing (Debian package debian-archive-keyring)"
            )
        self.suite = suite
        base = bases.base(suite)
        home = cache.root() / "apt" / f"{suite}-{architecture}-{cache.key_of(base)}"
        for name in ("lists/partial", "archives/partial"):
            (home / name).mkdir(parents=True, exist_ok=True)
        fill = {
            "home": home,
            "base": base,
            "suite": suite,
            "architecture": architecture,
            "keyring": _KEYRING,
        }
        (home / "apt.conf").write_text(_CONFIG.format(**fill))
        (home / "debian.sources").write_text(_SOURCE.format(**fill))
        self._home = home

    def _apt(self, *argv: str, timeout_s: float = 120) -> str:
        return tools.output_of(
            argv, timeout_s=timeout_s, env={"APT_CONFIG": str(self._home / "apt.conf")}
        )

    def update(self) -> None:
        with cache.locked(self._home / "lists"):
            self._apt("apt-get", "update", "-qq", timeout_s=600)

    def names(self, pattern: str) -> list[re.Match[str]]:
        """Package names that match completely."""
        matches = (
            re.fullmatch(pattern, name)
            for name in self._apt("apt-cache", "pkgnames").split()
        )
        return [match for match in matches if match]

    def show(self, wanted: list[str]) -> list[Package]:
        """The newest version of each name; all of them or an error."""
        found = parse_stanzas(
            self._apt("apt-cache", "show", "--no-all-versions", *wanted), self.suite
        )
        if missing := set(wanted) - {package.name for package in found}:
            raise VmSetupError(
                f"{self.suite} has no package {', '.join(sorted(missing))}"
            )
        return found

    def closure(self, wanted: list[str]) -> list[Package]:
        """The packages and everything they depend on, as apt would install them on an empty machine."""
        plan = self._apt(
            "apt-get",
            "install",
            "--simulate",
            "--no-install-recommends",
            "-qq",
            *wanted,
        )
        names = [
            line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")
        ]
        return sorted(self.show(names))


def fetch(packages: list[Package], bases: mirror.Mirror) -> dict[Package, Path]:
    """The files of exact packages, from the cache or from the mirror. No index is needed: the lock has the checksums."""
    paths = {package: cache.root() / "debs" / package.sha256 for package in packages}
    missing = [package for package, path in paths.items() if not path.exists()]
    # One call of apt for several files keeps its connection; a call for all would have too long a command line.
    for start in range(0, len(missing), 40):
        _fetch_batch(missing[start : start + 40], paths, bases)
    return paths


def _fetch_batch(
    batch: list[Package], paths: dict[Package, Path], bases: mirror.Mirror
) -> None:
    partials = {
        package: paths[package].with_name(f"partial-{package.sha256}")
        for package in batch
    }
    arguments: list[str] = []
    for package, partial in partials.items():
        arguments += [
            f"{bases.base(package.suite)}/{package.filename}",
            str(partial),
            f"SHA256:{package.sha256}",
        ]
    with cache.locked(cache.root() / "debs" / "fetch"):
        options = ["-o", "APT::Sandbox::User=", "-o", "Acquire::Retries=3"]
        try:
            tools.output_of(
                [_HELPER, *options, "download-file", *arguments], timeout_s=1800
            )
        finally:
            # One that is gone fails the call after all others came; those are kept, so that the next try asks for fewer.
            # apt checked them already; the second look costs milliseconds and keeps the store's promise in our own hands.
            for package, partial in partials.items():
                if partial.exists() and cache.sha256_of(partial) == package.sha256:
                    partial.rename(paths[package])
        for package, path in paths.items():
            if package in partials and not path.exists():
                raise VmSetupError(f"{package.filename} has the wrong checksum")
