"""Which Debian mirror to use: the one this machine's apt uses. The tree itself never names a host."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import tools
from .errors import VmSetupError

# Other archives in a sources.list (a browser's, a compiler's) have suites of other names.
_DEBIAN_SUITE = re.compile(
    r"^(bullseye|bookworm|trixie|forky|sid|experimental|oldoldstable|oldstable|stable|testing|unstable)"
    r"(-(security|updates|backports))?$"
)
_BY_HAND = "CR_DEBIAN_MIRROR and CR_DEBIAN_SECURITY_MIRROR name mirrors by hand"


@dataclass(frozen=True)
class Mirror:
    main: str
    security: str

    def base(self, suite: str) -> str:
        """The archive that carries a suite: security suites live in one of their own."""
        return self.security if suite.endswith("-security") else self.main


def choose(targets: Iterable[tuple[str, str]], overrides: dict[str, str]) -> Mirror:
    """Pick the bases from apt's (suite, uri) pairs; an override wins."""
    main = overrides.get("CR_DEBIAN_MIRROR", "")
    security = overrides.get("CR_DEBIAN_SECURITY_MIRROR", "")
    for suite, uri in targets:
        if not _DEBIAN_SUITE.match(suite):
            continue
        if suite.endswith("-security"):
            security = security or without_list(uri).rstrip("/")
        else:
            main = main or without_list(uri).rstrip("/")
    if not main:
        raise VmSetupError(
            "apt of this machine has no Debian source; set CR_DEBIAN_MIRROR to a mirror's base URL"
        )
    # A mirror that carries both names them alike: .../debian and .../debian-security.
    return Mirror(
        main=main.rstrip("/"),
        security=(security or re.sub(r"/debian/?$", "/debian-security", main)).rstrip(
            "/"
        ),
    )


def without_list(uri: str) -> str:
    """Debian's cloud images name a file of mirrors (`mirror+file:`), which apt takes for sources alone: the first in it."""
    if not uri.startswith("mirror+file:"):
        return uri
    path = Path("/" + uri.removeprefix("mirror+file:").strip("/"))
    try:
        lines = path.read_text().splitlines()
    except OSError as wrong:
        raise VmSetupError(
            f"apt's list of mirrors {path}: {wrong.strerror}; {_BY_HAND}"
        ) from wrong
    # A line may go on with a tab and options, the first ones may be comments.
    mirrors = [
        line.split()[0] for line in lines if line.strip() and line.lstrip()[0] != "#"
    ]
    if not mirrors:
        raise VmSetupError(f"apt's list of mirrors {path} is empty; {_BY_HAND}")
    return mirrors[0]


def of_this_machine() -> Mirror:
    # --no-release-info: else apt knows only sources that were updated, and a container's image has no lists.
    listing = tools.output_of(
        [
            "apt-get",
            "indextargets",
            "--no-release-info",
            "--format",
            "$(RELEASE) $(REPO_URI)",
        ],
        timeout_s=60,
    )
    pairs = []
    for line in listing.splitlines():
        suite, _, uri = line.partition(" ")
        pairs.append((suite, uri))
    return choose(pairs, dict(os.environ))
