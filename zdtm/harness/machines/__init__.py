"""Where cells run. `open_machine` turns a name of --machine into an adapter."""

from __future__ import annotations

from pathlib import Path

from harness.machines.base import (
    Machine,
    MachineLost,
    MachineUnusable,
    Slot,
    slowness_of_host,
)
from harness.machines.host import HostMachine

__all__ = [
    "Machine",
    "MachineLost",
    "MachineUnusable",
    "Slot",
    "open_machine",
    "slowness_of_host",
]


def open_machine(name: str, build: Path, scratch: Path) -> Machine:
    kind, _, detail = name.partition(":")
    if kind == "host" and not detail:
        return HostMachine(build, scratch)
    if kind == "vm" and detail:
        # Only here: the host needs no virtual machines to be there.
        from harness.machines.vm import VmMachine

        return VmMachine(detail, build, scratch)
    raise MachineUnusable(
        f"--machine {name}: there is host, and vm:<kernel>, or vm:<kernel>@<userland>"
    )
