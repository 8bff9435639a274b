"""How slow a machine is said to be, for all deadlines."""

from __future__ import annotations

import pytest

from harness.machines import MachineUnusable, slowness_of_host
from harness.machines.vm import VmMachine


def test_the_user_and_the_machine_both_stretch_deadlines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guest = VmMachine.__new__(VmMachine)
    monkeypatch.delenv("CR_SLOWNESS", raising=False)
    assert (slowness_of_host(), guest.slowness) == (1, 5)
    monkeypatch.setenv("CR_SLOWNESS", "3")
    assert (slowness_of_host(), guest.slowness) == (3, 15)


@pytest.mark.parametrize("told", ["", "0", "-1", "fast", "1.5"])
def test_nonsense_is_refused(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setenv("CR_SLOWNESS", told)
    with pytest.raises(MachineUnusable, match="a whole number"):
        slowness_of_host()
