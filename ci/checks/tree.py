"""Which files belong to the tree, and how a check reports what it found."""

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return (
            f"{self.path}:{self.line}: {self.text}"
            if self.line
            else f"{self.path}: {self.text}"
        )


def files(top: Path = TOP, *, suffixes: tuple[str, ...] = ()) -> list[str]:
    """Tracked files and new ones that are not ignored, as paths below top; names only, unread."""
    listing = subprocess.run(
        # A tree that another user owns (a bind mount, a container) is still ours to read.
        [
            "git",
            "-c",
            "safe.directory=*",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        cwd=top,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    names = sorted(set(filter(None, listing.split("\0"))))
    # --cached lists what was deleted and not committed yet, too.
    return [
        name
        for name in names
        if (top / name).is_file() and (not suffixes or name.endswith(suffixes))
    ]


def report(check: str, looked_at: int, findings: Iterable[Finding]) -> int:
    """Prints the findings; the exit status. A check that looked at nothing has not passed."""
    found = sorted(findings)
    for finding in found:
        print(finding)
    if looked_at == 0:
        print(f"{check}: found nothing to look at; this check is broken")
        return 1
    print(f"{check}: {looked_at} looked at, {len(found)} wrong", file=sys.stderr)
    return 1 if found else 0
