"""Waiting for a condition: with back-off, always with a deadline."""

from __future__ import annotations

import time
from typing import Callable, Optional, TypeVar

T = TypeVar("T")


class WaitTimeout(Exception):
    """The condition did not become true in time."""


def wait_until(
    probe: Callable[[], Optional[T]],
    what: str,
    deadline_s: float,
    first_pause_s: float = 0.0005,
    longest_pause_s: float = 0.05,
) -> T:
    """Call probe until it returns something true, and return that."""
    end = time.monotonic() + deadline_s
    pause = first_pause_s
    while True:
        # Read the clock first: a probe that ran after the deadline still counts.
        late = time.monotonic() >= end
        value = probe()
        if value:
            return value
        if late:
            raise WaitTimeout(f"waited {deadline_s:g} s for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, longest_pause_s)
