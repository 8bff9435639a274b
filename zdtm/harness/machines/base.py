"""What the scheduler asks of a machine."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Optional, Self, Sequence

from harness.cells import CellResult, CellSpec


class MachineLost(Exception):
    """The machine went away in the middle of a cell. `trouble`: what its kernel had complained about before."""

    def __init__(self, reason: str, trouble: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.trouble = list(trouble)


class MachineUnusable(Exception):
    """The machine cannot run cells at all; the message says why."""


def slowness_of_host() -> int:
    """How many times slower than a quiet machine this one is, as its user says in CR_SLOWNESS."""
    told = os.environ.get("CR_SLOWNESS", "1")
    if not told.isdigit() or int(told) < 1:
        raise MachineUnusable(f"CR_SLOWNESS is a whole number from 1 up, not {told!r}")
    return int(told)


class Slot(ABC):
    """One agent: runs one cell at a time."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def run(self, spec: CellSpec) -> CellResult:
        ...

    @abstractmethod
    def problems(self) -> list[str]:
        """What the kernel complained about since last asked."""

    @abstractmethod
    def shell(self, folder: str) -> None:
        """For a person at the terminal, in a folder of the machine."""

    @abstractmethod
    def close(self) -> None:
        ...


class Machine(ABC):
    name: str
    pool: str = "virtual machines"  # with which it shares the cores
    own_slowness: int = 1  # beside the host
    # What programs do not find here, by the names they use; None where nobody can know it beforehand.
    lacks: Optional[frozenset[str]] = None

    @property
    def slowness(self) -> int:
        """Deadlines are stretched by it."""
        return self.own_slowness * slowness_of_host()

    @abstractmethod
    def open_slot(self) -> Slot:
        ...

    @abstractmethod
    def place(self, path: Path) -> str:
        """Where a file of the build lies inside the machine."""

    @abstractmethod
    def engine_program(self, engine: str) -> str:
        """The engine's program inside the machine. Raises MachineUnusable."""

    @property
    @abstractmethod
    def scratch(self) -> str:
        """A directory inside the machine for the cells' files."""
