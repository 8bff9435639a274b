"""An image that is executed restores its tree, in the foreground and detached, and says so when it cannot."""

from __future__ import annotations

import os
import subprocess
import uuid
from pathlib import Path
from typing import Iterator

import pytest
from engine_under_test import chosen_machine, engine_spec

from harness.cases import read_workload
from harness.cells import PASS, SKIP, CellSpec, EngineSpec
from harness.machines.host import HostMachine
from harness.plugin import KEY

WORKLOADS = Path(__file__).parent.parent / "workloads"
VICTIMS = (("tasks/tree_of_any_shape", "m64"), ("tasks/fifty_threads", "m32"))


@pytest.fixture
def name(tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[str]:
    """Of a registration that is gone afterwards, even when the cell was killed half-way."""
    chosen = f"cr-zdtm-{uuid.uuid4().hex[:12]}"
    yield chosen
    machine = chosen_machine(pytestconfig, tmp_path)
    if isinstance(machine, HostMachine) and os.geteuid() == 0:
        program = engine_spec(pytestconfig, machine).program
        subprocess.run(
            [program, "binfmt", "remove", "--name", chosen], check=True, timeout=60
        )


@pytest.mark.engine
@pytest.mark.parametrize("victim, bits", VICTIMS)
def test_an_image_is_a_program(
    name: str, victim: str, bits: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    matrix = pytestconfig.stash[KEY]
    machine = chosen_machine(pytestconfig, tmp_path)
    engine = engine_spec(pytestconfig, machine)
    if engine.name != "cr":
        pytest.skip(f"images of {engine.name} are no programs")
    workload = read_workload(WORKLOADS / f"{victim}.c")
    with machine.open_slot() as slot:
        result = slot.run(
            CellSpec(
                id=f"{victim} {bits} executed",
                program=machine.place(matrix.build / "zdtm" / bits / workload.name),
                argv=[],
                scenario="executed",
                engine=EngineSpec(
                    engine.name, engine.adapter, engine.program, {"executable": True}
                ),
                scratch=machine.scratch,
                seed=matrix.seed,
                deadline_s=workload.deadline_s * machine.slowness,
                options={"name": name},
            )
        )
    if result.verdict == SKIP and (
        machine.lacks is None or result.missing in machine.lacks
    ):
        pytest.skip(result.reason)
    assert result.verdict == PASS, f"{result.reason}\n{result.log}"
