"""Who is told to be a spinner, and who may still be starting."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.oracle import quiet
from harness.oracle.quiet import Runners
from harness.waiting import wait_until


def test_a_thread_without_cpu_time_may_still_be_starting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    awake: list[tuple[int, int]] = []
    monkeypatch.setattr(quiet, "_awake", lambda root: awake)
    runners = Runners(1)
    awake[:] = [(5, 100)]
    assert runners.unproven() == {5}
    assert runners.unproven() == {5}  # waiting for a cpu proves nothing
    awake[:] = [(5, 100 + quiet.ENOUGH_TICKS), (6, 700)]
    assert runners.unproven() == {6}
    awake[:] = []
    assert runners.unproven() == set()


def test_a_real_spinner_is_known_after_a_while() -> None:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        runners = Runners(process.pid)
        wait_until(lambda: process.pid in runners.unproven(), "it to run", 10.0)
        wait_until(lambda: not runners.unproven(), "it to be known", 10.0)
        assert process.pid in [tid for tid, _ in quiet._awake(process.pid)]
    finally:
        process.kill()
        process.wait()


def test_a_sleeper_is_quiet() -> None:
    process = subprocess.Popen(["sleep", "60"])
    try:
        wait_until(lambda: not quiet._awake(process.pid), "it to sleep", 10.0)
        assert Runners(process.pid).unproven() == set()
    finally:
        process.kill()
        process.wait()
