"""Which tasks and threads make up a tree."""

from __future__ import annotations

import os

from harness import procfs


def threads(pid: int) -> list[int]:
    return sorted(int(name) for name in os.listdir(f"/proc/{pid}/task"))


def living(pid: int) -> list[int]:
    """The threads that have not ended: what all have in common is seen through any of them, and of no other."""
    return [
        tid
        for tid in threads(pid)
        if procfs.stat_fields(f"{pid}/task/{tid}")[0] not in "ZX"
    ]


def children(pid: int) -> list[int]:
    found: list[int] = []
    for tid in threads(pid):
        found += map(int, procfs.text(f"/proc/{pid}/task/{tid}/children").split())
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
