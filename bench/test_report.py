"""The table shows medians, spreads and lost rounds as they are."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from report import FIGURES, rows_of, shown, table  # noqa: E402


def life(name: str, figure: float) -> dict[str, Any]:
    return {"run_name": name, "run_type": "iteration", **dict.fromkeys(FIGURES, figure)}


def broken(name: str) -> dict[str, Any]:
    return {
        "run_name": name,
        "run_type": "iteration",
        "error_occurred": True,
        "error_message": "no",
    }


def test_rounds_are_gathered_by_case_and_engine() -> None:
    runs = [
        life("tree/b10/cr", 1),
        life("tree/a64/cr", 2),
        life("tree/b10/cr", 3),
        {"run_name": "tree/b10/cr", "run_type": "aggregate", "dump_ms": 99},
    ]
    a64, b10 = rows_of({"benchmarks": runs})
    assert (a64.case, b10.case) == ("a64", "b10")
    assert b10.rounds["dump_ms"] == [1, 3]


def test_spread() -> None:
    assert shown([5]) == "5"
    assert shown([1, 2, 3, 4, 5]) == "3 ±1"
    assert shown([1234.4, 1234.4]) == "1234 ±0"


def test_a_lost_round_shows() -> None:
    rows = rows_of(
        {
            "benchmarks": [
                life("tree/a64/cr", 1),
                broken("tree/a64/cr"),
                broken("tree/a64/criu"),
            ]
        }
    )
    text = table(rows)
    assert "1 of 2" in text
    assert "0 of 1" in text
    assert rows[1].errors == ["no"]
