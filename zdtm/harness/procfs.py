"""Reading /proc: bytes that are no text (names, arguments) stay one character each."""

from __future__ import annotations

import os
from pathlib import Path


# More than nearly all files there have.
_AT_ONCE = 1 << 16


def text(path: str | Path) -> str:
    # Not open(): its buffers cost more than the kernel's answer, a thousand times per look at a tree.
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        pieces = [os.read(fd, _AT_ONCE)]
        while pieces[-1]:
            pieces.append(os.read(fd, _AT_ONCE))
    finally:
        os.close(fd)
    return b"".join(pieces).decode("latin-1")


def stat_fields(pid: int | str) -> list[str]:
    """Fields 3 and up of /proc/PID/stat. The name before them may hold blanks and brackets."""
    return text(f"/proc/{pid}/stat").rpartition(")")[2].split()
