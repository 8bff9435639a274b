"""What is other than in an earlier run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from harness.report.finished import Finished


@dataclass(frozen=True)
class Changes:
    since: str
    other: list[tuple[Finished, str]]  # with the verdict that each had
    new: int
    gone: int

    def head(self) -> str:
        return f"since {self.since}: {len(self.other)} cells changed, {self.new} are new, {self.gone} are gone"


def changes(folder: Path, finished: list[Finished]) -> Changes:
    """`folder`: the report of the earlier run. ValueError, OSError: there is none."""
    before: dict[str, str] = {}
    for line in (folder / "results.jsonl").read_text().splitlines():
        record = json.loads(line)
        before[str(record["id"])] = str(record["verdict"])
    now = {entry.result.id: entry for entry in finished}
    other = [
        (entry, before[name])
        for name, entry in now.items()
        if before.get(name, entry.result.verdict) != entry.result.verdict
    ]
    return Changes(
        str(folder), other, len(now.keys() - before), len(before.keys() - now)
    )
