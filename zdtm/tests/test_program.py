"""Starting a program: when it is said to run, it does."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from harness import program


def test_a_started_program_is_executed(tmp_path: Path) -> None:
    for _ in range(20):  # a fork that has not yet executed it is seen about every time
        pid = program.start("/bin/sleep", ["60"], tmp_path, slowness=1)
        try:
            executed = os.readlink(f"/proc/{pid}/exe")
            # Its descriptors are those of the protocol: none of ours reaches it.
            held = os.listdir(f"/proc/{pid}/fd")
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        assert Path(executed).name == Path(os.path.realpath("/bin/sleep")).name
        assert sorted(held)[:3] == ["0", "1", "2"] and len(held) <= 4


def test_what_cannot_be_executed_ends(tmp_path: Path) -> None:
    pid = program.start("/nowhere/program", [], tmp_path, slowness=1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 126
