"""kill -9 of the engine at random moments of a dump: the program passes its own check every time.

--rounds says how many kills; they are spread over programs, word sizes, ways to kill and kinds of dump.
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
from engine_under_test import chosen_machine, engine_spec, engine_with_images
from sabotage_scripts import MARKER, SCRIPTS, WRITERS

from harness.cases import read_workload
from harness.cells import FAIL, PASS, CellResult, CellSpec
from harness.killing import GUARDIAN_MODES, HARMED, MARKED, MODES
from harness.plugin import KEY

ROUNDS = 24
EXPERIMENTS = 8  # kills of the guardian: nothing depends on how many
MOST_TRIES = 4  # per kill: some come too late
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
        what = ", ".join(result.notes) or "failed"
        self.rounds += 1
        # A failure counts in any case, so that it cannot be hidden by more rounds.
        self.hits += result.verdict != PASS or not what.startswith("nothing")
        self.outcomes[what] = self.outcomes.get(what, 0) + 1
        if result.verdict != PASS:
            self.failures.append((result, f"{told}: {result.reason}\n{result.log}"))


@pytest.mark.engine
def test_the_program_never_notices(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    rounds = pytestconfig.option.rounds or ROUNDS
    tally = _kill_rounds(MODES, rounds, tmp_path, pytestconfig)
    texts = [text for _, text in tally.failures]
    assert not texts, f"{len(texts)} of {tally.hits}:\n" + "\n\n".join(texts[:5])
    # Rounds that hit nothing prove nothing.
    assert tally.hits >= rounds, f"only {tally.hits} hits: {tally.outcomes}"


@pytest.mark.engine
def test_rate_of_harm_when_the_guardian_is_killed(
    tmp_path: Path,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
) -> None:
    """An experiment: harm and traces are counted; all else (a hang, a bad image, litter) is a failure."""
    rounds = pytestconfig.option.rounds or EXPERIMENTS
    tally = _kill_rounds(GUARDIAN_MODES, rounds, tmp_path, pytestconfig)
    texts: dict[str, list[str]] = {HARMED: [], MARKED: [], "": []}
    for result, text in tally.failures:
        texts[next((x for x in (HARMED, MARKED) if x in result.notes), "")].append(text)
    harmed, marked, others = texts.values()
    rate = f"of {tally.hits} kills {len(harmed)} harmed the program, {len(marked)} left traces"
    record_property("guardian killed", rate)
    print("\n\n".join([rate, *harmed, *marked]))
    assert not others, "\n\n".join(others[:5])
    assert tally.hits >= rounds, f"only {tally.hits} hits: {tally.outcomes}"


# How the image is written, and where to.
WAYS: dict[str, dict[str, bool]] = {
    "plain": {},
    "compressed": {"compress": True},
    "over an older one": {"over": True},
    "without unnamed files": {"tmpfile": False},
    "over an older one without unnamed files": {"over": True, "tmpfile": False},
}


@pytest.mark.engine
@pytest.mark.parametrize("way", WAYS)
def test_an_image_is_absent_or_complete(
    run: Run, tmp_path: Path, pytestconfig: pytest.Config, way: str
) -> None:
    """Where there was one before it is the old one or the new one."""
    options = dict(WAYS[way])
    engine = engine_with_images(pytestconfig, tmp_path)
    result = run(
        "position",
        "killed-while-writing",
        engine.adapter,
        engine_program=engine.program,
        engine_options={"compress": options.pop("compress", False)},
        options=options,
        deadline_s=120.0,
    )
    assert result.verdict == PASS, f"{result.reason}\n{result.log}"
    print(result.notes)


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

    with slot:
        tally = _rounds(rounds, modes, cell, rng)
    print(f"--seed {matrix.seed}: {tally.rounds} rounds: {tally.outcomes}")
    return tally


def _rounds(
    wanted: int,
    modes: tuple[str, ...],
    cell: Callable[..., CellResult],
    rng: random.Random,
) -> Tally:
    tally = Tally()
    duration_ms: dict[tuple[str, str], float] = {}  # of a dump, per victim
    turns = itertools.cycle(itertools.product(VICTIMS, ("m64", "m32")))
    for number in range(MOST_TRIES * wanted):
        if tally.hits >= wanted:
            break
        victim, bits = next(turns)
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
        if "nothing committed" in result.notes:
            # The machine is less busy than when the dump was measured.
            duration_ms[victim, bits] *= 0.8
        elif "not committed" in " ".join(result.notes):
            duration_ms[victim, bits] = max(duration_ms[victim, bits], delay_ms * 1.1)
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
        script.program,
        "killed",
        "sabotage_scripts:Script",
        loops=script.loops,
        engine_options={"script": script.text},
        options={
            "mode": script.mode,
            "marker": MARKER,
            "leave_running": script.leave_running,
        },
    )
    assert result.verdict == (FAIL if script.reason else PASS), result
    assert script.reason in result.reason, result.reason


@pytest.mark.parametrize("name", WRITERS)
def test_planted_defects_in_the_writing_are_caught(run: Run, name: str) -> None:
    writer = WRITERS[name]
    result = run(
        "position",
        "killed-while-writing",
        "sabotage_scripts:Writer",
        engine_options={"script": writer.text},
        options={"over": writer.over, "tmpfile": writer.tmpfile},
        deadline_s=60.0,
    )
    assert result.verdict == (FAIL if writer.reason else PASS), result
    assert writer.reason in result.reason, result.reason
