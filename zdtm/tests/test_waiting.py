"""Waiting ends with the condition or with the deadline, never otherwise."""

from __future__ import annotations

import time

import pytest

from harness.waiting import WaitTimeout, wait_until


def test_returns_what_the_probe_found() -> None:
    answers = iter([None, None, "found"])
    assert wait_until(lambda: next(answers), "an answer", 5.0) == "found"


def test_the_deadline_names_what_was_awaited() -> None:
    began = time.monotonic()
    with pytest.raises(WaitTimeout, match="0.05 s for the end of days"):
        wait_until(lambda: None, "the end of days", 0.05)
    assert time.monotonic() - began < 2


def test_a_probe_behind_the_deadline_still_counts() -> None:
    end = time.monotonic() + 0.02
    assert wait_until(lambda: time.monotonic() > end, "the moment itself", 0.02)
