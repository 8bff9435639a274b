"""Images that were carried from one machine to another one: from where to where, and how many came up."""

from __future__ import annotations

from harness.report.finished import Finished

Grid = dict[tuple[str, str], list[Finished]]


def grid_of(finished: list[Finished]) -> Grid:
    """By source and machine."""
    grid: Grid = {}
    for entry in finished:
        if entry.cell.source:
            grid.setdefault((entry.cell.source, entry.cell.machine), []).append(entry)
    return grid


def machines_of(grid: Grid) -> list[str]:
    return sorted({name for pair in grid for name in pair}, key=natural)


def natural(machine: str) -> list[tuple[bool, int, str]]:
    """6.1 before 6.12."""
    words = machine.replace(":", ".").split(".")
    return [(x.isdigit(), int(x) if x.isdigit() else 0, x) for x in words]
