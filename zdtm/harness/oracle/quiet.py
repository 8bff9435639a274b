"""Tells a thread that is still starting from one that spins on purpose.

Two equal looks do not: on a busy machine a new thread may not run at all between them. A spinner gathers CPU
time and stays the same; a thread on its way to its system call needs far less than that to get there.
"""

from __future__ import annotations

from harness import procfs
from harness.oracle.tree import threads, tree

ENOUGH_TICKS = 2  # of the clock that CPU time is counted in, usually 100 per second


class Runners:
    """Requires: asked again and again about one tree."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._ticks_at_first: dict[int, int] = {}
        self._ran_at_look: dict[int, int] = {}

    def unproven(self) -> set[int]:
        """Threads that could run, and have not yet had enough time to show that they go on doing so."""
        found: set[int] = set()
        for tid, ticks in _awake(self._root):
            first = self._ticks_at_first.setdefault(tid, ticks)
            if ticks - first < ENOUGH_TICKS:
                found.add(tid)
        return found

    def looked(self) -> None:
        """A look at the tree ended just now."""
        self._ran_at_look = _run_time(self._root)

    def have_run(self) -> bool:
        """Since the last look each thread that could run did: what it moves has moved."""
        now, then = _run_time(self._root), self._ran_at_look
        return all(now.get(tid, 0) > then.get(tid, 0) for tid, _ in _awake(self._root))


def _run_time(root: int) -> dict[int, int]:
    """Nanoseconds on a CPU, of each thread."""
    found: dict[int, int] = {}
    for pid in tree(root):
        try:
            for tid in threads(pid):
                told = procfs.text(f"/proc/{pid}/task/{tid}/schedstat")
                found[tid] = int(told.split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _awake(root: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for pid in tree(root):
        try:
            for tid in threads(pid):
                fields = procfs.stat_fields(f"{pid}/task/{tid}")
                # R: it runs or waits for a cpu; D: it waits in the middle of something short.
                if fields[0] in "RD":
                    found.append((tid, int(fields[11]) + int(fields[12])))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found
