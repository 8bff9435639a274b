"""A cell with its result, and how many of them are summed up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Iterable, Sequence

from harness.cases import Cell
from harness.cells import ERROR, FAIL, PASS, SKIP, CellResult

# The worst verdict of several runs speaks for all of them.
WORST_FIRST = (FAIL, ERROR, SKIP, PASS)


@dataclass(frozen=True)
class Finished:
    cell: Cell
    result: CellResult
    command: str


def worst(group: Iterable[Finished]) -> str:
    verdicts = {entry.result.verdict for entry in group}
    return next((verdict for verdict in WORST_FIRST if verdict in verdicts), PASS)


def reservations(group: Iterable[Finished]) -> list[str]:
    """What a verdict does not show: a lost machine was replaced, or facts that never stood still were left out."""
    found = []
    results = [entry.result for entry in group]
    if lost := [result for result in results if result.lost]:
        first = f"{lost[0].id}: {lost[0].lost[0].splitlines()[0]}"
        found.append(f"{len(lost)} cells needed a second machine; {first}")
    if restless := [result for result in results if result.uncompared]:
        first = f"{restless[0].id}: {restless[0].uncompared[0]}"
        found.append(f"{len(restless)} cells had facts that never stood still; {first}")
    return found


def counts(group: Iterable[Finished]) -> Counter[str]:
    return Counter(entry.result.verdict for entry in group)


def too_few(finished: Iterable[Finished], machines: Sequence[str], least: int) -> str:
    """Why these cells prove nothing; empty if they do."""
    ran = Counter(x.cell.machine for x in finished if x.result.verdict != SKIP)
    if ran.total() < least or not ran:
        return f"{ran.total()} cells ran, at least {max(1, least)} must"
    idle = [name for name in machines if not ran[name]]
    return f"no cell ran on machine {', '.join(idle)}" if idle else ""
