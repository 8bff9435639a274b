"""Which cells there are: workload sources, their head comments, and what follows from them."""

from __future__ import annotations

import hashlib
import itertools
import random
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterator, Sequence

from harness.presence import feature_name
from harness.rows import NAMES

WORD_SIZES = ("64", "32", "mixed64", "mixed32")
ANY_WORD_SIZE = "any"
SCENARIO_NAMES = (
    "native",
    "restore",
    "keep-running",
    "again",
    "streamed",
    "wandering",
    "carried",
    "refused",
)
GROUPS = ("tasks", "cpu", "memory", "signals", "files", "pipes", "mixed", "refused")
DEADLINE_S = 60.0


class HeadError(Exception):
    """The head comment of a source does not say what it must."""


@dataclass(frozen=True)
class Workload:
    source: Path
    group: str
    name: str
    promise: str
    rows: tuple[str, ...]
    attributes: dict[str, str]
    refused_kinds: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.group}/{self.name}"

    @property
    def loops(self) -> bool:
        return "loops" in self.attributes

    @property
    def deadlines(self) -> bool:
        return "deadlines" in self.attributes

    @property
    def in_grid(self) -> bool:
        """One of those that are carried from each machine to each other one."""
        return "grid" in self.attributes

    @property
    def needs(self) -> frozenset[str]:
        told = self.attributes.get("needs", "")
        return frozenset(feature_name(word) for word in told.split(",") if word)

    @property
    def deadline_s(self) -> float:
        return DEADLINE_S + float(self.attributes.get("slow", "0"))

    def word_sizes(self) -> tuple[str, ...]:
        return ("mixed64", "mixed32") if self.group == "mixed" else ("64", "32")

    def scenarios(self) -> tuple[str, ...]:
        if self.group == "refused":
            return ("native", "refused")
        lasting = ("native", "restore", "keep-running", "again", "streamed")
        return lasting + ("wandering",) * self.loops


def parse_head(source: Path, text: str) -> Workload:
    """The comment lines before the first line of code."""
    head: list[str] = []
    for line in text.splitlines():
        if not line.startswith("//"):
            break
        head.append(line[2:].strip())
    if not head or not head[0].endswith("."):
        raise HeadError(
            f"{source}: the first line must be a comment: one sentence, what must survive"
        )
    tagged: dict[str, str] = {}
    for line in head[1:]:
        if found := re.match(r"^(rows|attr|refused):\s*(.*)$", line):
            tagged[found[1]] = found[2]
    rows = tuple(tagged.get("rows", "").split())
    if not rows or not NAMES.keys() >= set(rows):
        raise HeadError(
            f"{source}: the line `// rows: ...` must name rows that harness/rows.py knows"
        )
    attributes: dict[str, str] = {}
    for word in tagged.get("attr", "").split():
        name, _, value = word.partition("=")
        attributes[name] = value
    group = source.parent.name
    kinds = tuple(re.findall(r"kind=(\S+)", tagged.get("refused", "")))
    if (group == "refused") != bool(kinds):
        raise HeadError(
            f"{source}: `// refused: kind=<word>` belongs to programs in refused/, and to all"
        )
    return Workload(source, group, source.stem, head[0], rows, attributes, kinds)


def read_workload(source: Path) -> Workload:
    return parse_head(source, source.read_text())


def discover(workloads: Path) -> list[Workload]:
    return [
        read_workload(source)
        for group in GROUPS
        for source in sorted((workloads / group).glob("*.c"))
    ]


@dataclass(frozen=True)
class Cell:
    """One square of the table."""

    workload: Workload
    scenario: str
    engine: str  # "none" for native
    machine: str
    word_size: str
    repeat: int
    source: str = ""  # of a carried one: the machine it was dumped in

    @property
    def label(self) -> str:
        who = [self.engine] if self.engine != "none" else []
        again = [f"r{self.repeat}"] if self.repeat else []
        where = f"{self.source}>{self.machine}" if self.source else self.machine
        return f"{self.scenario}[{','.join([*who, where, self.word_size, *again])}]"

    @property
    def id(self) -> str:
        return f"{self.workload.group}/{self.workload.name}::{self.label}"

    def machines(self) -> list[str]:
        """All it needs, in the order in which it needs them."""
        return [self.source, self.machine] if self.source else [self.machine]

    def departure(self) -> Cell:
        """The first half of a carried cell: the same for all machines that it is carried to."""
        return replace(self, scenario="departed", machine=self.source, source="")

    def seed(self, base: int) -> int:
        """Depends on the run's seed and the cell alone, so any selection repeats it."""
        digest = hashlib.sha256(f"{base} {self.id}".encode()).digest()
        return int.from_bytes(digest[:6], "big")

    def program(self, build: Path) -> Path:
        bits = "m64" if self.word_size in ("64", "mixed64") else "m32"
        return build / "zdtm" / bits / self.workload.name


@dataclass(frozen=True)
class Selection:
    """What the command line asks for; empty means everything."""

    engines: Sequence[str] = ("cr",)
    machines: Sequence[str] = ("host",)
    word_sizes: Sequence[str] = ()
    scenarios: Sequence[str] = ()
    repeat: int = 1
    seed: int = 0  # draws the one that ANY_WORD_SIZE stands for
    grid: bool = False  # between each two of the machines, too

    def cells(self, workload: Workload) -> Iterator[Cell]:
        yield from self._in_place(workload)
        if (
            self.grid
            and workload.in_grid
            and "carried" in (self.scenarios or ["carried"])
        ):
            yield from self._carried(workload)

    def _carried(self, workload: Workload) -> Iterator[Cell]:
        # Of the host paths are others, and of another userland the files that programs have mapped.
        virtual = [
            name for name in self.machines if name.startswith("vm:") and "@" not in name
        ]
        for source, machine in itertools.permutations(virtual, 2):
            for word_size in self._word_sizes(workload):
                for engine in self.engines:
                    for repeat in range(self.repeat):
                        yield Cell(
                            workload,
                            "carried",
                            engine,
                            machine,
                            word_size,
                            repeat,
                            source,
                        )

    def _in_place(self, workload: Workload) -> Iterator[Cell]:
        for machine in self.machines:
            for scenario in workload.scenarios():
                if self.scenarios and scenario not in self.scenarios:
                    continue
                for word_size in self._word_sizes(workload):
                    for engine in ("none",) if scenario == "native" else self.engines:
                        for repeat in range(self.repeat):
                            yield Cell(
                                workload, scenario, engine, machine, word_size, repeat
                            )

    def _word_sizes(self, workload: Workload) -> list[str]:
        sizes = workload.word_sizes()
        if ANY_WORD_SIZE in self.word_sizes:
            # By workload, so that its scenarios go together; other seeds draw others.
            return [random.Random(f"{self.seed} {workload.key}").choice(sizes)]
        return [size for size in sizes if size in (self.word_sizes or sizes)]
