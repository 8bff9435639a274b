"""From a cell to what a machine is told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.cases import Cell
from harness.cells import CellSpec, EngineSpec
from harness.engines import ADAPTERS
from harness.machines import Machine, MachineUnusable


@dataclass(frozen=True)
class Run:
    """What all cells of a run have in common."""

    build: Path  # where the programs are
    seed: int
    keep: bool = False  # the files of every cell


def order(run: Run, cell: Cell, machine: Machine) -> CellSpec:
    """Raises MachineUnusable: what it takes is not there."""
    program = cell.program(run.build)
    if not program.exists():
        raise MachineUnusable(f"{program} is not built")
    if cell.engine not in ADAPTERS:
        raise MachineUnusable(
            f"no engine {cell.engine}; there are {', '.join(sorted(ADAPTERS))}"
        )
    path = "" if cell.engine == "none" else machine.engine_program(cell.engine)
    return CellSpec(
        id=cell.id,
        program=machine.place(program),
        argv=[],
        scenario=cell.scenario,
        engine=EngineSpec(cell.engine, ADAPTERS[cell.engine], path),
        scratch=machine.scratch,
        seed=cell.seed(run.seed),
        deadline_s=cell.workload.deadline_s * machine.slowness,
        loops=cell.workload.loops,
        deadlines=cell.workload.deadlines,
        refused_kinds=list(cell.workload.refused_kinds),
        keep=run.keep,
        slowness=machine.slowness,
        folder=_common_folder(cell),
    )


def _common_folder(cell: Cell) -> str:
    """An image names files by their paths, so both halves of a carried cell have the same ones."""
    departure = cell.departure() if cell.source else cell
    if departure.scenario != "departed":
        return ""
    return "carried-" + re.sub(r"\W+", "-", departure.id)
