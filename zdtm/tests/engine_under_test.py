"""The engine that --engine names, for tests that are not cells of the matrix."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cells import EngineSpec
from harness.engines import ADAPTERS
from harness.machines.host import HostMachine
from harness.machines import Machine, MachineUnusable, open_machine
from harness.plugin import KEY


def chosen_machine(config: pytest.Config, scratch: Path) -> Machine:
    """The first --machine."""
    matrix = config.stash[KEY]
    try:
        return open_machine(matrix.selection.machines[0], matrix.build, scratch)
    except MachineUnusable as error:
        pytest.fail(str(error), pytrace=False)


def engine_with_images(config: pytest.Config, tmp_path: Path) -> EngineSpec:
    """On this host, for tests of what an image is: those of other engines are folders of their own kind."""
    engine = engine_spec(config, HostMachine(config.stash[KEY].build, tmp_path))
    if engine.name != "cr":
        pytest.skip(f"images of {engine.name} are not those of cr")
    return engine


def engine_spec(config: pytest.Config, machine: Machine) -> EngineSpec:
    """Fails, and does not skip, when the engine is not built: a test that cannot run is not green."""
    name = config.stash[KEY].selection.engines[0]
    try:
        program = machine.engine_program(name)
    except MachineUnusable as error:
        pytest.fail(str(error), pytrace=False)
    return EngineSpec(name, ADAPTERS[name], program)
