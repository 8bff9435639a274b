"""Programs of timed calls go on by themselves when their times are over, however long the machine stood still meanwhile."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from sabotage import DoesNothing

from harness import oracle, procfs, program
from harness.cells import CellSpec, EngineSpec
from harness.engines.base import Running
from harness.stage import CellFailure, Stage
from harness.waiting import wait_until


def stage_of(folder: Path) -> Stage:
    engine = EngineSpec("sabotage", "sabotage:DoesNothing", "")
    spec = CellSpec("a cell", "/bin/sleep", ["60"], "restore", engine, "", 1, 8.0)
    return Stage(spec, DoesNothing(engine), folder)


@pytest.mark.parametrize("over", [False, True])
def test_what_moved_by_itself_is_no_difference(tmp_path: Path, over: bool) -> None:
    stage = stage_of(tmp_path)
    pid = program.start("/bin/sleep", ["60"], tmp_path, slowness=1)
    try:
        stage.running = Running(pid)
        # clock_nanosleep
        wait_until(
            lambda: procfs.text(f"/proc/{pid}/syscall").startswith("230 "),
            "sleep to sleep",
            10,
        )
        before = oracle.take(pid)
        before[f"pid {pid} thread {pid + 1}", "stat", "num_threads"] = "2"
        stage.times_over = time.monotonic() + (0 if over else 60)
        if over:
            stage.expect_same(before, "after restore 1")
            assert "its times may have been over after restore 1" in stage.notes[0]
        else:
            with pytest.raises(CellFailure, match="1 differences after restore 1"):
                stage.expect_same(before, "after restore 1")
        # What lasts in any program is compared all the same.
        before[f"pid {pid}", "cmdline", ""] = "another"
        with pytest.raises(CellFailure, match="cmdline"):
            stage.expect_same(before, "after restore 2")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
