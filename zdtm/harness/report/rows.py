"""What a run says about each row of state: does it survive, is it refused by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable

from harness.report.finished import Finished
from harness.rows import NAMES


@dataclass
class Row:
    """The engine's cells that touch one row. Native cells prove the program, not that a row survives."""

    carried: list[Finished] = field(default_factory=list)
    refused: list[Finished] = field(default_factory=list)


def by_row(finished: Iterable[Finished]) -> dict[str, Row]:
    """In the order of NAMES; only rows that some cell touches."""
    rows: dict[str, Row] = {}
    for entry in finished:
        scenario = entry.cell.scenario
        if scenario == "native":
            continue
        for name in entry.cell.workload.rows:
            row = rows.setdefault(name, Row())
            (row.refused if scenario == "refused" else row.carried).append(entry)
    order = list(NAMES)
    return dict(sorted(rows.items(), key=lambda item: order.index(item[0])))
