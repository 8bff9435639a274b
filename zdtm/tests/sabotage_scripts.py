"""Engines made of a few lines of shell, to be killed in the middle. $1: pid, $2: image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sabotage import outcome

from harness.engines.base import Engine, Outcome


@dataclass(frozen=True)
class Planted:
    text: str
    reason: str  # empty: an honest one
    mode: str = "engine"
    leave_running: bool = True


# All are killed after 60 ms, in the middle of a long sleep if they have one.
SCRIPTS = {
    "honest, killed before its commit": Planted("exec sleep 5", ""),
    "honest, killed after its commit": Planted('echo whole > "$2"; exec sleep 5', ""),
    "honest, ended in time": Planted('echo whole > "$2"', ""),
    "honest group": Planted("sleep 5 & wait", "", mode="group"),
    "half an image": Planted('printf who > "$2"; exec sleep 5', "a bad image"),
    "partial file": Planted(
        'touch "$2.partial"; exec sleep 5', "litter beside the image"
    ),
    "killed the tree too early": Planted("kill -9 $1; exec sleep 5", "is gone"),
    "killed the tree it was to leave": Planted(
        'echo whole > "$2"; kill -9 $1; exec sleep 5', "is gone"
    ),
    "stopped the tree": Planted("kill -STOP $1; exec sleep 5", "state: 'S"),
    "helper stays": Planted(
        "setsid sleep 60 & exec sleep 5", "processes of the engine stay"
    ),
    "hangs without its guardian": Planted(
        "sleep 60 & exec tail -f /dev/null", "hangs", mode="guardian"
    ),
    "half a tree": Planted(
        'echo whole > "$2"; kill -9 $1; exec sleep 5',
        "of its tree",
        leave_running=False,
    ),
}


class Script(Engine):
    def dump_argv(self, pid: int, image: Path, leave_running: bool) -> list[str]:
        return ["/bin/sh", "-c", self.options["script"], "engine", str(pid), str(image)]

    def verify(self, image: Path) -> Outcome:
        return outcome(0 if image.read_text() == "whole\n" else 4)
