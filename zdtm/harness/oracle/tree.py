"""Which tasks and threads make up a tree."""

from __future__ import annotations

from pathlib import Path

from harness import procfs

PROC = Path("/proc")


def threads(pid: int) -> list[int]:
    return sorted(int(name.name) for name in (PROC / str(pid) / "task").iterdir())


def children(pid: int) -> list[int]:
    found: list[int] = []
    for tid in threads(pid):
        found += map(int, procfs.text(PROC / str(pid) / "task" / str(tid) / "children").split())
    return sorted(found)


def tree(root: int) -> list[int]:
    """All processes at and below root, zombies too. A process that ends meanwhile is left out."""
    found: list[int] = []
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        try:
            below = children(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
        found.append(pid)
        waiting += below
    return sorted(found)
