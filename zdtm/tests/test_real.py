"""Real programs: a dump that comes too late proves nothing and is told apart from one that fails; their output tells all else."""

from __future__ import annotations

import pytest
from conftest import Run

from harness.cells import ERROR, FAIL, PASS
from harness.real import TOO_LATE

# The moment, then the work: it ends by itself a little after the dump has begun, or long before.
JOB = ["-c", "sleep 0.5; echo done"]


@pytest.mark.parametrize(
    "engine, delay_ms, verdict, late",
    [
        ("ComesTooLate", 1.0, ERROR, True),
        ("Fails", 3000.0, ERROR, True),
        ("Fails", 1.0, FAIL, False),
        ("FailsAndKills", 1.0, FAIL, False),
        ("EndsAfterRestore", 1.0, PASS, False),
        ("EndsUndone", 1.0, FAIL, False),
    ],
)
def test_each_moment_has_its_verdict(
    run: Run, engine: str, delay_ms: float, verdict: str, late: bool
) -> None:
    quiet = run("/bin/sh", "undisturbed", argv=JOB)
    assert quiet.verdict == PASS, quiet
    options = {"delay_ms": delay_ms, "expected": quiet.notes[0]}
    adapter = f"sabotage:{engine}"
    result = run("/bin/sh", "interrupted", adapter, argv=JOB, options=options)
    assert (result.verdict, TOO_LATE in result.notes) == (verdict, late), result
