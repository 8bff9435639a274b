"""The table for a terminal: what ran, what is red, row by row of the table of state."""

from __future__ import annotations

from collections import Counter

from harness.cases import SCENARIO_NAMES, WORD_SIZES
from harness.cells import ERROR, FAIL, PASS, SKIP
from harness.report.finished import Finished, counts, reservations, worst
from harness.report.grid import grid_of, machines_of
from harness.report.rows import by_row

WIDTH = 100


def text_summary(finished: list[Finished]) -> str:
    parts = [_table(finished), _grid(finished), _rows(finished), _reasons(finished)]
    parts.append("\n".join(reservations(finished)))
    return "\n\n".join(part for part in parts if part)


def _table(finished: list[Finished]) -> str:
    """Engine and machine down, scenario across; passed of run, per word size."""
    scenarios = [
        name
        for name in SCENARIO_NAMES
        if any(x.cell.scenario == name for x in finished)
    ]
    lines = [
        f"{'engine machine word size':<28}"
        + "".join(f"{name:>14}" for name in scenarios)
    ]
    sides = sorted({(x.cell.machine, x.cell.engine) for x in finished})
    for machine, engine in sides:
        for word_size in WORD_SIZES:
            row = [
                x
                for x in finished
                if (x.cell.machine, x.cell.engine, x.cell.word_size)
                == (machine, engine, word_size)
            ]
            if not row:
                continue
            line = f"{engine + ' ' + machine + ' ' + word_size:<28}"
            for name in scenarios:
                line += f"{_score([x for x in row if x.cell.scenario == name]):>14}"
            lines.append(line)
    return "\n".join(lines)


def _score(cells: list[Finished]) -> str:
    if not cells:
        return "-"
    tally = counts(cells)
    ran = len(cells) - tally[SKIP]
    skipped = f" s{tally[SKIP]}" if tally[SKIP] else ""
    mark = "" if tally[FAIL] + tally[ERROR] == 0 else "!"
    return f"{mark}{tally[PASS]}/{ran}{skipped}"


def _grid(finished: list[Finished]) -> str:
    """Dumped on the machines down, restored on those across."""
    grid = grid_of(finished)
    names = machines_of(grid)
    if not grid:
        return ""
    lines = [f"{'dumped on, restored on':<28}" + "".join(f"{x:>12}" for x in names)]
    for source in names:
        line = f"{source:<28}"
        for machine in names:
            line += f"{_score(grid.get((source, machine), [])):>12}"
        lines.append(line)
    return "\n".join(lines)


def _rows(finished: list[Finished]) -> str:
    rows = by_row(finished)
    carried = [(name, row.carried) for name, row in rows.items() if row.carried]
    refused = [(name, row.refused) for name, row in rows.items() if row.refused]
    parts = [
        _paragraph("rows of state carried:", carried),
        _paragraph("rows of state refused by name:", refused),
    ]
    return "\n".join(part for part in parts if part)


def _paragraph(head: str, rows: list[tuple[str, list[Finished]]]) -> str:
    lines = [head]
    for name, cells in rows:
        word = f"{name} {_score(cells)}"
        if len(lines[-1]) + len(word) + 3 > WIDTH:
            lines.append("  ")
        lines[-1] += ("  " if lines[-1].strip() else "") + word
    return "\n".join(lines) if rows else ""


def _reasons(finished: list[Finished]) -> str:
    """Why things are red or skipped; equal reasons once, with their number."""
    lines: list[str] = []
    for verdict in (FAIL, ERROR, SKIP):
        chosen = [x for x in finished if x.result.verdict == verdict]
        if not chosen:
            continue
        lines.append(f"{verdict}: {len(chosen)}")
        if verdict == SKIP:
            tally = Counter(
                x.result.reason.splitlines()[0] for x in chosen if x.result.reason
            )
            lines += [
                f"  {number}x {reason}" for reason, number in tally.most_common(20)
            ]
            continue
        for entry in chosen[:40]:
            reason = entry.result.reason.splitlines()[0] if entry.result.reason else "?"
            lines.append(f"  {entry.result.id}: {reason[:160]}")
        if len(chosen) > 40:
            lines.append(f"  ... and {len(chosen) - 40} more")
    if lines and worst(finished) in (FAIL, ERROR):
        first = next(x for x in finished if x.result.verdict in (FAIL, ERROR))
        lines.append(f"the first one again: {first.command}")
    return "\n".join(lines)
