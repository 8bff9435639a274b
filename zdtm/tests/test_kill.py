"""kill -9 of the engine at random moments of a dump: the program passes its own check every time.

--rounds says how many moments; they are spread over programs, word sizes, ways to kill and kinds of dump.
Kills of the engine's guardian are counted apart: an engine may have a window there, and the rate says how wide.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import pytest
from conftest import Run
from engine_under_test import chosen_machine, engine_spec
from sabotage_scripts import SCRIPTS

from harness.cases import read_workload
from harness.cells import FAIL, PASS, CellResult, CellSpec
from harness.killing import GUARDIAN_MODES, HARMED, MODES
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


@dataclass
class Tally:
    """What became of the rounds."""

    rounds: int = 0
    hits: int = 0  # rounds that found somebody to kill
    outcomes: dict[str, int] = field(default_factory=dict)
    failures: list[tuple[CellResult, str]] = field(default_factory=list)

    def add(self, result: CellResult, told: str) -> None:
        what = " ".join(note for note in result.notes if note != HARMED)
        self.rounds += 1
        self.hits += not what.startswith("nothing")
        self.outcomes[what] = self.outcomes.get(what, 0) + 1
        if result.verdict != PASS:
            self.failures.append((result, f"{told}: {result.reason}\n{result.log}"))

    def expect_enough_hits(self) -> None:
        """Rounds that hit nothing prove nothing."""
        assert (
            self.hits * 2 >= self.rounds
        ), f"only {self.hits} of {self.rounds} rounds hit their victim: {self.outcomes}"


@pytest.mark.engine
def test_the_program_never_notices(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    rounds = pytestconfig.option.rounds or ROUNDS
    tally = _kill_rounds(MODES, rounds, tmp_path, pytestconfig)
    texts = [text for _, text in tally.failures]
    assert not texts, f"{len(texts)} of {tally.rounds}:\n" + "\n\n".join(texts[:5])
    tally.expect_enough_hits()


@pytest.mark.engine
def test_rate_of_harm_when_the_guardian_is_killed(
    tmp_path: Path,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
) -> None:
    """An experiment: a harmed program is counted; all else (a hang, a bad image, litter) is a failure."""
    rounds = pytestconfig.option.rounds or ROUNDS
    tally = _kill_rounds(GUARDIAN_MODES, rounds, tmp_path, pytestconfig)
    harmed = [text for result, text in tally.failures if HARMED in result.notes]
    others = [text for result, text in tally.failures if HARMED not in result.notes]
    rate = f"{len(harmed)} of {tally.hits} kills harmed the program"
    record_property("guardian killed", rate)
    print("\n\n".join([rate, *harmed]))
    assert not others, "\n\n".join(others[:5])
    tally.expect_enough_hits()


def _kill_rounds(
    modes: tuple[str, ...], rounds: int, tmp_path: Path, config: pytest.Config
) -> Tally:
    matrix = config.stash[KEY]
    machine = chosen_machine(config, tmp_path)
    engine = engine_spec(config, machine)
    rng = random.Random(f"{matrix.seed} {modes}")
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

    turns = itertools.product(VICTIMS, ("m64", "m32"))
    order = list(itertools.islice(itertools.cycle(turns), rounds))
    with slot:
        tally = _rounds(order, modes, cell, rng)
    print(f"--seed {matrix.seed}: {rounds} rounds: {tally.outcomes}")
    return tally


def _rounds(
    order: list[tuple[str, str]],
    modes: tuple[str, ...],
    cell: Callable[..., CellResult],
    rng: random.Random,
) -> Tally:
    tally = Tally()
    duration_ms: dict[tuple[str, str], float] = {}  # of a dump, per victim
    for number, (victim, bits) in enumerate(order):
        if (victim, bits) not in duration_ms:
            whole = cell(victim, bits, "keep-running")
            assert (
                whole.verdict == PASS
            ), f"not even undisturbed: {whole.reason}\n{whole.log}"
            duration_ms[victim, bits] = whole.timings_ms["dump"]
        # A little beyond the end, so the moment between commit and exit is hit, too.
        delay_ms = rng.uniform(0, 1.15) * duration_ms[victim, bits]
        # Drawn, not taken in turn: a pattern would tie the ways to kill to the victims.
        mode, leave_running = rng.choice(modes), rng.random() < 0.5
        result = cell(
            victim,
            bits,
            "killed",
            mode=mode,
            delay_ms=delay_ms,
            leave_running=leave_running,
        )
        tally.add(
            result,
            f"round {number}: {victim} {bits}, {mode} after {delay_ms:.3f} ms,"
            f" leave running {leave_running}",
        )
    return tally


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
