"""The engine that --engine names, for tests that are not cells of the matrix."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cells import EngineSpec
from harness.engines import ADAPTERS
from harness.machines import Machine, MachineUnusable, open_machine
from harness.plugin import KEY


def chosen_machine(config: pytest.Config, scratch: Path) -> Machine:
    """The first --machine."""
    matrix = config.stash[KEY]
    try:
        return open_machine(matrix.selection.machines[0], matrix.build, scratch)
    except MachineUnusable as error:
        pytest.fail(str(error), pytrace=False)


def engine_spec(config: pytest.Config, machine: Machine) -> EngineSpec:
    """Fails, and does not skip, when the engine is not built: a test that cannot run is not green."""
    name = config.stash[KEY].selection.engines[0]
    try:
        program = machine.engine_program(name)
    except MachineUnusable as error:
        pytest.fail(str(error), pytrace=False)
    return EngineSpec(name, ADAPTERS[name], program)
