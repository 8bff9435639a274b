"""What goes wrong in a real guest is reported as what it is: a kernel that complains, one that dies, a machine that is gone."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest

from harness.cells import ERROR, PASS, CellResult, CellSpec, EngineSpec
from harness.engines import ADAPTERS
from harness.machines import MachineUnusable, open_machine
from harness.scheduler import Scheduler

KERNEL = "6.12"
# A workload's protocol in a line of shell: what is planted, READY, and PASS when it is told to go on.
PROTOCOL = (
    "trap 'echo PASS; exit 0' USR2; {planted}; echo READY; while :; do sleep 0.02; done"
)

Plant = Callable[..., tuple[list[CellResult], list[str]]]


@pytest.fixture
def plant(pytestconfig: pytest.Config, tmp_path: Path) -> Plant:
    """Runs one cell after the other in one guest."""
    build = pytestconfig.option.build or pytestconfig.rootpath / "build" / "release"

    def run(*planted: str) -> tuple[list[CellResult], list[str]]:
        machine = open_machine(f"vm:{KERNEL}", build.absolute(), tmp_path)
        scheduler = Scheduler({machine.name: machine}, 1)
        futures = [
            scheduler.submit(
                CellSpec(
                    id=f"cell {number}",
                    program="/bin/sh",
                    argv=["-c", PROTOCOL.format(planted=each)],
                    scenario="native",
                    engine=EngineSpec("none", ADAPTERS["none"], ""),
                    scratch=machine.scratch,
                    seed=1,
                    deadline_s=20.0 * machine.slowness,
                    loops=True,
                ),
                machine.name,
            )
            for number, each in enumerate(planted)
        ]
        scheduler.start()
        results = [future.result(timeout=600) for future in futures]
        scheduler.stop()
        return results, scheduler.late_problems

    return run


def test_a_warning_is_charged_to_the_cell_that_ran(plant: Plant) -> None:
    warning = "echo '<4>WARNING: CPU: 0 PID: 1 at planted.c:1' > /dev/kmsg"
    (before, guilty, after), late = plant(":", warning, ":")
    assert (before.verdict, after.verdict, late) == (PASS, PASS, []), before.reason
    assert guilty.verdict == ERROR
    assert "the kernel complained" in guilty.reason and "planted.c:1" in guilty.reason


def test_a_panic_is_an_error_of_its_cell_and_the_rest_runs_elsewhere(
    plant: Plant,
) -> None:
    (guilty, after), _ = plant("echo c > /proc/sysrq-trigger; sleep 60", ":")
    assert guilty.verdict == ERROR
    assert "its kernel was in trouble, so no second try" in guilty.reason
    assert "Kernel panic" in guilty.reason or "sysrq" in guilty.reason
    assert after.verdict == PASS, after.reason


def test_a_machine_that_goes_away_is_tried_again_and_then_an_error(
    plant: Plant,
) -> None:
    (guilty, after), _ = plant("echo b > /proc/sysrq-trigger; sleep 60", ":")
    assert guilty.verdict == ERROR and "; then: " in guilty.reason
    assert after.verdict == PASS, after.reason


def test_a_kernel_that_nobody_has_is_missing_by_name(tmp_path: Path) -> None:
    with pytest.raises(MachineUnusable, match=r"vm:9\.99: no such kernel; there are"):
        open_machine("vm:9.99", tmp_path, tmp_path)
