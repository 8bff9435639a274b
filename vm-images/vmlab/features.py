"""The record of what each kernel has: which interfaces a probe finds in it, kept in features/, so that a change shows in a diff."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .errors import VmSetupError
from .recipes import HOME
from .vm import Vm

RECORDS = HOME / "features"
PROBE = HOME / "guest" / "features.py"
_TIMEOUT_S = 120


@dataclass(frozen=True)
class Record:
    release: str
    features: dict[str, bool]

    def text(self) -> str:
        told = {
            "release": self.release,
            "features": dict(sorted(self.features.items())),
        }
        return json.dumps(told, indent=1) + "\n"


def probe(vm: Vm) -> Record:
    done = vm.run(["python3", "-"], _TIMEOUT_S, input=PROBE.read_bytes())
    if done.returncode != 0:
        raise VmSetupError(
            f"{vm.name}: the probe ended with {done.returncode}: {done.stderr.decode(errors='replace')}"
        )
    return Record(**json.loads(done.stdout))


def recorded(kernel: str) -> Record | None:
    path = RECORDS / f"{kernel}.json"
    return Record(**json.loads(path.read_text())) if path.exists() else None


def write(kernel: str, record: Record) -> None:
    (RECORDS / f"{kernel}.json").write_text(record.text())


def changes(old: Record | None, new: Record) -> list[str]:
    """One line for each feature that came or went; a kernel without a record has none to compare with."""
    if old is None:
        return ["nothing is recorded"]
    names = sorted(old.features.keys() | new.features.keys())
    return [
        f"{name}: {_word(old.features.get(name))} in {old.release}, {_word(new.features.get(name))} in {new.release}"
        for name in names
        if old.features.get(name) != new.features.get(name)
    ]


def _word(there: bool | None) -> str:
    return {True: "there", False: "missing", None: "not looked for"}[there]
