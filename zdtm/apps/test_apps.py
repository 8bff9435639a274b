"""Real programs, checkpointed in the middle of their work, end with the output of an undisturbed run."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Iterator

import pytest
from programs import PROGRAMS, RealProgram

from harness.cells import PASS, CellResult, CellSpec, EngineSpec
from harness.engines import ADAPTERS
from harness.fetch.busybox32 import busybox32
from harness.machines import MachineUnusable, slowness_of_host
from harness.machines.host import HostMachine, HostSlot
from harness.plugin import KEY
from harness.real import TOO_LATE

DEADLINE_S = 120.0


@pytest.fixture(scope="module")
def slot() -> Iterator[HostSlot]:
    if os.geteuid() != 0:
        pytest.skip("needs root: cells get namespaces of their own")
    agent = HostSlot()
    yield agent
    agent.close()


def engines(config: pytest.Config) -> list[str]:
    return list(config.stash[KEY].selection.engines)


@pytest.mark.parametrize("real", PROGRAMS, ids=lambda real: real.name)
def test_same_output(
    real: RealProgram, slot: HostSlot, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    matrix = pytestconfig.stash[KEY]
    rounds = pytestconfig.option.rounds or 2
    program = str(busybox32()) if real.program == "busybox" else real.program
    assert os.path.exists(program), f"{program} is missing: install {real.needs}"

    def cell(scenario: str, engine: str, seed: int, **options: object) -> CellResult:
        return slot.run(
            CellSpec(
                id=f"{real.name}-{scenario}-{seed}",
                program=program,
                argv=real.argv(),
                scenario=scenario,
                engine=spec_of(engine, matrix.build),
                scratch=str(tmp_path),
                seed=seed,
                deadline_s=DEADLINE_S * slowness_of_host(),
                options=options,
            )
        )

    quiet = cell("undisturbed", "none", 0)
    assert quiet.verdict == PASS, f"{quiet.reason}\n{quiet.log}"
    twice = cell("undisturbed", "none", 0)
    assert (
        twice.notes == quiet.notes
    ), "the program's output is not always the same: a wrong test"
    for engine in engines(pytestconfig):
        rng = random.Random(f"{matrix.seed} {real.name} {engine}")
        for number in range(rounds):
            work_ms = min(quiet.timings_ms["work"], twice.timings_ms["work"])
            for attempt in range(3):
                # The work is quicker when the machine is less busy: then try earlier.
                delay_ms = rng.uniform(0.03, 0.7) * work_ms / 2**attempt
                result = cell(
                    "interrupted",
                    engine,
                    number,
                    delay_ms=delay_ms,
                    expected=quiet.notes[0],
                )
                if TOO_LATE not in result.notes:
                    break
            assert result.verdict == PASS, (
                f"round {number} of --seed {matrix.seed}, dump after {delay_ms:.1f} ms:"
                f" {result.reason}\n{result.log}"
            )


def spec_of(engine: str, build: Path) -> EngineSpec:
    if engine == "none":
        return EngineSpec(engine, ADAPTERS[engine], "")
    try:
        program = HostMachine(build, build).engine_program(engine)
    except MachineUnusable as error:
        pytest.fail(str(error), pytrace=False)
    return EngineSpec(engine, ADAPTERS[engine], program)
