"""Reading /proc: bytes that are no text (names, arguments) stay one character each."""

from __future__ import annotations

from pathlib import Path


def text(path: str | Path) -> str:
    with open(path, "rb") as file:
        return file.read().decode("latin-1")


def stat_fields(pid: int | str) -> list[str]:
    """Fields 3 and up of /proc/PID/stat. The name before them may hold blanks and brackets."""
    return text(f"/proc/{pid}/stat").rpartition(")")[2].split()
