"""Fixtures of the harness's own tests: compiled programs, an agent, orders for it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from harness.cells import CellResult, CellSpec, EngineSpec
from harness.machines import slowness_of_host
from harness.machines.host import HostSlot

HERE = Path(__file__).parent
WORKLOADS = HERE.parent / "workloads"
LIBRARY = WORKLOADS / "lib"
BORROWED = [WORKLOADS / "refused/leader_thread_ended.c"]

Run = Callable[..., CellResult]


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with this one's own little workloads, and those borrowed, 64-bit."""
    folder = tmp_path_factory.mktemp("programs")
    for source in [*sorted((HERE / "programs").glob("*.c")), *BORROWED]:
        subprocess.run(
            ["gcc", "-std=gnu11", "-O1", "-pthread", "-D_GNU_SOURCE", f"-I{LIBRARY}"]
            + [
                "-o",
                str(folder / source.stem),
                str(source),
                *map(str, LIBRARY.glob("*.c")),
            ],
            check=True,
            timeout=120,
        )
    return folder


@pytest.fixture(scope="session")
def slot() -> Iterator[HostSlot]:
    if os.geteuid() != 0:
        pytest.skip("needs root: cells get namespaces of their own")
    agent = HostSlot()
    yield agent
    agent.close()


@pytest.fixture
def run(slot: HostSlot, programs: Path, tmp_path: Path) -> Iterator[Run]:
    """Runs one cell with an engine given as "module:Class"."""
    scratch = tmp_path / "scratch"

    def run_one(
        program: str, scenario: str, adapter: str = "sabotage:DoesNothing", **more: Any
    ) -> CellResult:
        engine = EngineSpec(
            "planted",
            adapter,
            more.pop("engine_program", ""),
            more.pop("engine_options", {}),
        )
        path = program if program.startswith("/") else str(programs / program)
        spec = CellSpec(
            id=f"{program}-{scenario}",
            program=path,
            argv=more.pop("argv", []),
            scenario=scenario,
            engine=engine,
            scratch=str(scratch),
            seed=more.pop("seed", 1),
            deadline_s=more.pop("deadline_s", 20.0) * slowness_of_host(),
            slowness=slowness_of_host(),
            **more,
        )
        return slot.run(spec)

    yield run_one
    # Nothing of a cell may stay, whatever was planted in it.
    left = list(scratch.iterdir()) if scratch.exists() else []
    shutil.rmtree(scratch, ignore_errors=True)
    assert left == []
