"""Who is told to be a spinner, and who may still be starting."""

from __future__ import annotations

import subprocess
import sys
from typing import Optional

import pytest

from harness.oracle import quiet
from harness.oracle.quiet import Awake, Runners
from harness.waiting import wait_until

Machine = dict[int, Awake]


@pytest.fixture
def awake(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """What runs on a machine: what a test says."""
    seen: Machine = {}
    monkeypatch.setattr(quiet, "_awake", lambda root: seen)
    ran = lambda root: {tid: each.ran_ns for tid, each in seen.items()}
    monkeypatch.setattr(quiet, "_run_time", ran)
    return seen


def running(ticks: int, ran_ns: int = 0) -> Awake:
    return Awake("R", ticks, ran_ns, "running")


def waiting(ran_ns: int = 7, place: str = "56 0x4111") -> Awake:
    return Awake("D", 100, ran_ns, place)


def test_a_thread_without_cpu_time_may_still_be_starting(awake: Machine) -> None:
    runners = Runners(1)
    awake[5] = running(100)
    for _ in range(2 * quiet.ENOUGH_LOOKS):
        assert runners.unproven() == {5}  # waiting for a cpu proves nothing
    awake[5], awake[6] = running(100 + quiet.ENOUGH_TICKS), running(700)
    assert runners.unproven() == {6}
    awake.clear()
    assert runners.unproven() == set()


def test_what_could_run_must_have_run_since_the_look(awake: Machine) -> None:
    runners = Runners(1)
    awake[5], awake[6] = running(1, 500), running(1, 600)
    runners.looked()
    assert not runners.have_run()
    awake[5] = running(1, 501)
    assert not runners.have_run()
    awake[6] = running(1, 601)
    assert runners.have_run()
    awake[7] = running(0, 0)  # a new one that never ran
    assert not runners.have_run()
    awake[7] = running(0, 1)
    assert runners.have_run()
    runners.looked()
    assert not runners.have_run()


def test_who_waits_for_long_without_running_sleeps(awake: Machine) -> None:
    runners = Runners(1)
    awake[5] = waiting()
    runners.looked()
    for _ in range(quiet.ENOUGH_LOOKS - 1):
        assert runners.unproven() == {5} and not runners.have_run()
    assert runners.unproven() == set() and runners.have_run()


@pytest.mark.parametrize(
    "meanwhile", [waiting(ran_ns=8), waiting(place="0 0x4222"), running(100, 7), None]
)
def test_who_did_something_meanwhile_is_looked_at_anew(
    awake: Machine, meanwhile: Optional[Awake]
) -> None:
    runners = Runners(1)
    awake[5] = waiting()
    runners.looked()
    for _ in range(quiet.ENOUGH_LOOKS):
        runners.unproven()
    awake.clear()
    if meanwhile:
        awake[5] = meanwhile
    runners.unproven()
    awake[5] = waiting()
    assert runners.unproven() == {5} and not runners.have_run()


def test_a_real_spinner_is_known_after_a_while() -> None:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        runners = Runners(process.pid)
        wait_until(lambda: process.pid in runners.unproven(), "it to run", 60.0)
        wait_until(lambda: not runners.unproven(), "it to be known", 60.0)
        assert process.pid in quiet._awake(process.pid)
    finally:
        process.kill()
        process.wait()


def test_a_sleeper_is_quiet() -> None:
    process = subprocess.Popen(["sleep", "60"])
    try:
        wait_until(lambda: not quiet._awake(process.pid), "it to sleep", 60.0)
        assert Runners(process.pid).unproven() == set()
    finally:
        process.kill()
        process.wait()
