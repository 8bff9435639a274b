"""ci/host.py runs a command only on a machine that can checkpoint."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = (Path(__file__).parent.parent / "host.py").read_text()


def _host(*words: str, user: int | None = None) -> tuple[int, str]:
    # As text, because another user may not be able to read this tree.
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words],
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        cwd="/",
        user=user,
    )
    return done.returncode, done.stdout


def test_without_privileges_a_command_is_skipped_with_the_reasons() -> None:
    nobody = 65534 if os.geteuid() == 0 else None
    assert _host(user=nobody)[0] == 1
    code, text = _host("echo", "it ran", user=nobody)
    assert code == 77 and "it ran" not in text
    assert "this machine cannot make a pid and a mount namespace" in text


@pytest.mark.skipif(_host()[0] != 0, reason="this machine cannot checkpoint")
def test_a_machine_that_can_ends_as_the_command_does() -> None:
    code, text = _host("sh", "-c", "echo it ran; exit 5")
    assert code == 5 and "it ran" in text
