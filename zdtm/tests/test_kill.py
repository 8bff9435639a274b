"""kill -9 of the engine at random moments of a dump: the program passes its own check every time.

--rounds says how many; they are spread over programs, word sizes, ways to kill and kinds of dump.
"""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Callable

import pytest
from conftest import Run
from engine_under_test import chosen_machine, engine_spec
from sabotage_scripts import SCRIPTS

from harness.cases import read_workload
from harness.cells import FAIL, PASS, CellResult, CellSpec
from harness.killing import MODES
from harness.plugin import KEY

ROUNDS = 24
WORKLOADS = Path(__file__).parent.parent / "workloads"
# Quiet ones and loops, many tasks and many threads, data in pipes.
VICTIMS = (
    "tasks/tree_of_any_shape",
    "tasks/fifty_threads",
    "tasks/fork_storm",
    "tasks/thread_storm",
    "tasks/wide_tree",
    "tasks/exec_storm",
)


@pytest.mark.engine
def test_the_program_never_notices(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    matrix = pytestconfig.stash[KEY]
    machine = chosen_machine(pytestconfig, tmp_path)
    engine = engine_spec(pytestconfig, machine)
    rng = random.Random(f"{matrix.seed} kill")
    rounds = pytestconfig.option.rounds or ROUNDS
    turns = itertools.product(VICTIMS, ("m64", "m32"))
    order = list(itertools.islice(itertools.cycle(turns), rounds))
    duration_ms: dict[tuple[str, str], float] = {}  # of a dump, per victim
    outcomes: dict[str, int] = {}
    failures: list[str] = []

    slot = machine.open_slot()

    def cell(victim: str, bits: str, scenario: str, **options: object) -> CellResult:
        workload = read_workload(WORKLOADS / f"{victim}.c")
        return slot.run(
            CellSpec(
                id=f"{victim} {bits} {scenario}",
                program=machine.place(matrix.build / "zdtm" / bits / workload.name),
                argv=[],
                scenario=scenario,
                engine=engine,
                scratch=machine.scratch,
                seed=rng.randrange(1 << 40),
                deadline_s=workload.deadline_s * machine.slowness,
                loops=workload.loops,
                options=options,
            )
        )

    with slot:
        _rounds(order, cell, rng, duration_ms, outcomes, failures)
    print(f"--seed {matrix.seed}: {rounds} rounds: {outcomes}")
    assert not failures, f"{len(failures)} of {rounds}:\n" + "\n\n".join(failures[:5])
    # Rounds that hit nothing prove nothing.
    hits = sum(
        count for what, count in outcomes.items() if not what.startswith("nothing")
    )
    assert (
        hits * 2 >= rounds
    ), f"only {hits} of {rounds} rounds hit a running engine: {outcomes}"


def _rounds(
    order: list[tuple[str, str]],
    cell: Callable[..., CellResult],
    rng: random.Random,
    duration_ms: dict[tuple[str, str], float],
    outcomes: dict[str, int],
    failures: list[str],
) -> None:
    for number, (victim, bits) in enumerate(order):
        if (victim, bits) not in duration_ms:
            whole = cell(victim, bits, "keep-running")
            assert (
                whole.verdict == PASS
            ), f"not even undisturbed: {whole.reason}\n{whole.log}"
            duration_ms[victim, bits] = whole.timings_ms["dump"]
        # A little beyond the end, so the moment between commit and exit is hit, too.
        delay_ms = rng.uniform(0, 1.15) * duration_ms[victim, bits]
        mode = MODES[number % len(MODES)]
        leave_running = bool(number // len(MODES) % 2)
        result = cell(
            victim,
            bits,
            "killed",
            mode=mode,
            delay_ms=delay_ms,
            leave_running=leave_running,
        )
        outcomes[" ".join(result.notes)] = outcomes.get(" ".join(result.notes), 0) + 1
        if result.verdict != PASS:
            failures.append(
                f"round {number}: {victim} {bits}, {mode} after {delay_ms:.3f} ms,"
                f" leave running {leave_running}: {result.reason}\n{result.log}"
            )


@pytest.mark.parametrize("name", SCRIPTS)
def test_planted_defects_are_caught(run: Run, name: str) -> None:
    script = SCRIPTS[name]
    result = run(
        "two_files",
        "killed",
        "sabotage_scripts:Script",
        engine_options={"script": script.text},
        options={
            "mode": script.mode,
            "delay_ms": 60.0,
            "leave_running": script.leave_running,
        },
    )
    assert result.verdict == (FAIL if script.reason else PASS), result
    assert script.reason in result.reason, result.reason
