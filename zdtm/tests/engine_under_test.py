"""The engine that --engine names, for tests that are not cells of the matrix."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cells import EngineSpec
from harness.engines import ADAPTERS
from harness.machines import MachineUnusable
from harness.machines.host import HostMachine
from harness.plugin import KEY


def engine_spec(config: pytest.Config) -> EngineSpec:
    """Fails, and does not skip, when the engine is not built: a test that cannot run is not green."""
    matrix = config.stash[KEY]
    name = matrix.selection.engines[0]
    try:
        program = HostMachine(matrix.build, Path("/")).engine_program(name)
    except MachineUnusable as error:
        pytest.fail(str(error), pytrace=False)
    return EngineSpec(name, ADAPTERS[name], program)
