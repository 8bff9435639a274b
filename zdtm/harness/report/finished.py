"""A cell with its result, and how many of them are summed up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Iterable

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


def counts(group: Iterable[Finished]) -> Counter[str]:
    return Counter(entry.result.verdict for entry in group)
