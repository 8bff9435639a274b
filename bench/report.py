"""Google Benchmark's JSON of bench_trees as one table: engines side by side, median and spread of every figure."""

import statistics
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

# Counter of bench_trees -> heading.
FIGURES = {
    "dump_ms": "dump ms",
    "live_dump_ms": "live dump ms",
    "frozen_ms": "frozen ms",
    "restore_ms": "restore ms",
    "first_beat_ms": "first beat ms",
    "image_mb": "image MB",
}


@dataclass
class Row:
    """One case and engine: all rounds of each figure, or why there are none."""

    case: str
    engine: str
    rounds: dict[str, list[float]]
    errors: list[str]


def rows_of(result: dict[str, Any]) -> list[Row]:
    """The rows in the order of the benchmarks; single rounds only, the library's own aggregates are left out."""
    rows: dict[tuple[str, str], Row] = {}
    for run in result["benchmarks"]:
        if run.get("run_type") != "iteration":
            continue
        _, case, engine = run["run_name"].split("/")[:3]
        row = rows.setdefault((case, engine), Row(case, engine, defaultdict(list), []))
        if run.get("error_occurred"):
            row.errors.append(run["error_message"])
            continue
        for name in FIGURES:
            row.rounds[name].append(run[name])
    return sorted(
        rows.values(),
        key=lambda row: (row.case[:1], len(row.case), row.case, row.engine),
    )


def shown(values: list[float]) -> str:
    """ "51.2 ±1.3": the median, and half the distance between the quartiles; no spread for one round."""
    middle = statistics.median(values)
    text = f"{middle:.3g}" if middle < 100 else f"{middle:.0f}"
    if len(values) < 2:
        return text
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{text} ±{(high - low) / 2:.2g}"


def table(rows: list[Row]) -> str:
    lines = [["case", "engine", *FIGURES.values(), "rounds"]]
    for row in rows:
        rounds = len(next(iter(row.rounds.values()), []))
        figures = [shown(row.rounds[name]) if rounds else "-" for name in FIGURES]
        lines.append(
            [row.case, row.engine, *figures, f"{rounds} of {rounds + len(row.errors)}"]
        )
    widths = [
        max(len(line[column]) for line in lines) for column in range(len(lines[0]))
    ]

    def laid_out(line: list[str]) -> str:
        cells = (
            word.ljust(width) if column < 2 else word.rjust(width)
            for column, (word, width) in enumerate(zip(line, widths))
        )
        return "  ".join(cells).rstrip()

    return "\n".join(laid_out(line) for line in lines)
