"""Refusals that no workload can come to by itself, because it takes somebody outside its pid namespace, or with less rights."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from engine_under_test import engine_with_images

# The first in its namespace and its child are still in the session and the group of whoever made the namespace.
FROM_OUTSIDE = """
sleep 60 &
"$0" check $! --json
code=$?
kill -0 $! || exit 99
echo $!
exit $code
"""


@pytest.mark.engine
def test_a_session_from_outside_the_pid_namespace_is_refused(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    engine = engine_with_images(pytestconfig, tmp_path)
    done = subprocess.run(
        ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
        + ["sh", "-c", FROM_OUTSIDE, engine.program],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3, done
    answer, pid = done.stdout.strip().rsplit("\n", 1)
    blockers = json.loads(answer)["error"]["blockers"]
    found = [blocker for blocker in blockers if blocker["kind"] == "session"]
    assert [str(blocker["pid"]) for blocker in found] == [pid], blockers
    assert "outside this pid namespace" in found[0]["reason"]


# Without the right to ask others for their timer slack (CAP_SYS_NICE); exec keeps what prctl(PR_SET_TIMERSLACK) set.
WITHOUT_RIGHT = """
"$1" -c 'import ctypes, os; ctypes.CDLL(None).prctl(29, 123456); os.execvp("sleep", ["sleep", "60"])' &
until read name < /proc/$!/comm && test "$name" = sleep; do sleep 0.01; done
"$0" check $! --json
code=$?
kill $! || exit 99
exit $code
"""


@pytest.mark.engine
def test_a_timer_slack_is_seen_by_who_may_not_look_at_others(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    engine = engine_with_images(pytestconfig, tmp_path)
    done = subprocess.run(
        ["setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice"]
        + ["sh", "-c", WITHOUT_RIGHT, engine.program, sys.executable],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3, done
    blockers = json.loads(done.stdout)["error"]["blockers"]
    assert "timer-slack" in [blocker["kind"] for blocker in blockers], blockers
