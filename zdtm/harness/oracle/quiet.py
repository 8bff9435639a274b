"""Tells a thread that is still starting from one that spins on purpose, or waits for long where waits are short.

Two equal looks do not: on a busy machine a new thread may not run at all between them. A spinner gathers CPU
time and stays the same; a thread on its way to its system call needs far less than that to get there.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness import procfs
from harness.oracle.tree import threads, tree

ENOUGH_TICKS = 2  # of the clock that CPU time is counted in, usually 100 per second
# So many times asked, with the back-off of a witness most of a second. A disk answers sooner; a parent in vfork waits on.
ENOUGH_LOOKS = 20


@dataclass(frozen=True)
class Awake:
    """Of a thread that could run (state R), or waits without being interrupted (D)."""

    state: str
    ticks: int
    ran_ns: int
    place: str


class Runners:
    """Requires: asked again and again about one tree."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._ticks_at_first: dict[int, int] = {}
        self._ran_at_look: dict[int, int] = {}
        self._waiting: dict[int, tuple[Awake, int]] = {}

    def unproven(self) -> set[int]:
        """Threads that could run, and have not yet had enough time to show that they go on doing so."""
        found: set[int] = set()
        awake = _awake(self._root)
        self._count_looks(awake)
        for tid, seen in awake.items():
            first = self._ticks_at_first.setdefault(tid, seen.ticks)
            if seen.ticks - first < ENOUGH_TICKS and not self._sleeps(tid, seen):
                found.add(tid)
        return found

    def looked(self) -> None:
        """A look at the tree ended just now."""
        self._ran_at_look = _run_time(self._root)

    def have_run(self) -> bool:
        """Since the last look each thread that could run did: what it moves has moved."""
        return all(
            seen.ran_ns > self._ran_at_look.get(tid, 0) or self._sleeps(tid, seen)
            for tid, seen in _awake(self._root).items()
        )

    def _count_looks(self, awake: dict[int, Awake]) -> None:
        """How many times in a row a thread was seen to wait, at one place and without having run."""
        before, self._waiting = self._waiting, {}
        for tid, seen in awake.items():
            if seen.state == "D":
                last, looks = before.get(tid, (seen, 0))
                self._waiting[tid] = (seen, looks + 1 if last == seen else 1)

    def _sleeps(self, tid: int, seen: Awake) -> bool:
        last, looks = self._waiting.get(tid, (None, 0))
        return last == seen and looks >= ENOUGH_LOOKS


def _run_time(root: int) -> dict[int, int]:
    """Nanoseconds on a CPU, of each thread."""
    found: dict[int, int] = {}
    for pid in tree(root):
        try:
            for tid in threads(pid):
                found[tid] = _ran_ns(pid, tid)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _awake(root: int) -> dict[int, Awake]:
    found: dict[int, Awake] = {}
    for pid in tree(root):
        try:
            for tid in threads(pid):
                fields = procfs.stat_fields(f"{pid}/task/{tid}")
                if fields[0] in "RD":
                    ticks = int(fields[11]) + int(fields[12])
                    place = procfs.text(f"/proc/{pid}/task/{tid}/syscall")
                    found[tid] = Awake(fields[0], ticks, _ran_ns(pid, tid), place)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _ran_ns(pid: int, tid: int) -> int:
    return int(procfs.text(f"/proc/{pid}/task/{tid}/schedstat").split()[0])
