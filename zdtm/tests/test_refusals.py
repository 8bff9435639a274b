"""Refusals that no workload can come to by itself, because it takes somebody outside its pid namespace."""

from __future__ import annotations

import json
import subprocess
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
