"""What travels between the plug-in and the agent: one cell's order and its result, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

PASS = "pass"
FAIL = "fail"
SKIP = "skip"
ERROR = "error"
VERDICTS = (PASS, FAIL, SKIP, ERROR)


@dataclass
class EngineSpec:
    """Which adapter, and where its program lies in the machine."""

    name: str
    adapter: str  # "package.module:Class"
    program: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class CellSpec:
    """One cell, with every path already as the machine sees it."""

    id: str
    program: str
    argv: list[str]
    scenario: str
    engine: EngineSpec
    scratch: str  # the agent makes a fresh directory of its own below it
    seed: int
    deadline_s: float
    loops: bool = False
    deadlines: bool = False
    refused_kinds: list[str] = field(default_factory=list)
    keep: bool = False
    slowness: int = 1  # of the machine; programs that wait for a time are told
    options: dict[str, Any] = field(default_factory=dict)  # the scenario's own
    folder: str = ""  # name of the directory, where it must be a certain one

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> CellSpec:
        fields = json.loads(text)
        fields["engine"] = EngineSpec(**fields["engine"])
        return CellSpec(**fields)


@dataclass
class CellResult:
    id: str
    verdict: str
    reason: str = ""
    log: str = ""
    seconds: float = 0.0
    timings_ms: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    missing: str = ""  # of a skipped cell: the feature that the program did not find
    uncompared: list[str] = field(default_factory=list)  # facts that never stood still
    lost: list[str] = field(default_factory=list)  # why other machines got lost on it
    folder: str = ""  # where the artefacts are, if they were kept
    luggage: str = ""  # for a cell in another machine
    kernel: str = ""  # the release that it ran on

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> CellResult:
        return CellResult(**json.loads(text))
