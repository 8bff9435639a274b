"""The real programs, and how long a piece of work each gets. None of them knows that it is watched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from harness.fetch.busybox32 import busybox32

JOBS = Path(__file__).parent / "jobs"


@dataclass(frozen=True)
class RealProgram:
    name: str
    needs: str  # the Debian package, for a message that helps
    program: str
    argv: Callable[[], list[str]]


def _busybox() -> list[str]:
    path = str(busybox32())
    return ["sh", str(JOBS / "busybox32.sh"), path, "150000"]


# Each works for one or two seconds on a machine of today, so a random moment is in the middle of it.
PROGRAMS = (
    RealProgram(
        "python-multiprocessing",
        "python3",
        "/usr/bin/python3",
        lambda: [str(JOBS / "workers.py"), "9000", "3"],
    ),
    RealProgram(
        "shell-pipeline",
        "xz-utils",
        "/bin/sh",
        lambda: [str(JOBS / "pipeline.sh"), "250000"],
    ),
    RealProgram(
        "sqlite3-transaction",
        "sqlite3",
        "/bin/sh",
        lambda: [str(JOBS / "transaction.sh"), "200000"],
    ),
    RealProgram(
        "gawk",
        "gawk",
        "/usr/bin/gawk",
        lambda: ["-v", "count=2000000", "-f", str(JOBS / "words.awk")],
    ),
    RealProgram("busybox-32-bit", "busybox:i386", "busybox", _busybox),
)
