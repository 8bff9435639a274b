"""Includes below cr/ follow the layers: a folder sees only what is listed for it, and one kind never sees another."""

import re
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from checks.tree import TOP, Finding, files, report

_GROUND = frozenset({"base", "sys", "proc"})
_MIDDLE = _GROUND | {"trace", "executor", "image"}

# Layer -> the layers it may include besides itself. Sideways edges have a reason; everything else points down.
MAY_INCLUDE: dict[str, frozenset[str]] = {
    "base": frozenset(),
    "sys": frozenset({"base"}),
    "proc": frozenset({"base"}),
    "executor": _GROUND,
    "image": _GROUND,
    # The agent is the executor's blob inside a target: trace puts it there and speaks its op list.
    "trace": _GROUND | {"executor"},
    "kinds": _MIDDLE,
    "engine": _MIDDLE | {"kinds"},
    "core": _MIDDLE | {"kinds", "engine"},
    "cli": _MIDDLE | {"kinds", "engine", "core"},
}

_INCLUDE = re.compile(r'^\s*#\s*include\s+["<](cr/[^">]+)[">]')


def layer_of(path: str) -> str | None:
    """ "cr/sys/fd.h" -> "sys"; None for what is not in a layer."""
    parts = PurePosixPath(path).parts
    return parts[1] if len(parts) > 2 and parts[0] == "cr" else None


def kind_of(path: str) -> str | None:
    """ "cr/kinds/eventfd/collect.cc" -> "eventfd"; None for what all kinds share or that knows them all."""
    parts = PurePosixPath(path).parts
    return parts[2] if len(parts) > 3 and parts[:2] == ("cr", "kinds") else None


def wrong_include(path: str, included: str) -> str | None:
    """Why the file at path must not include the other one; None if it may."""
    here, there = layer_of(path), layer_of(included)
    if here is None:
        return None
    if here not in MAY_INCLUDE:
        return f"cr/{here} is no layer of ci/checks/layers.py"
    if there is None or there not in MAY_INCLUDE:
        return f"{included} is in no layer"
    if there != here and there not in MAY_INCLUDE[here]:
        return f"{here} must not include {there} ({included})"
    mine, other = kind_of(path), kind_of(included)
    if mine and other and mine != other:
        return f"kind {mine} must not include kind {other} ({included}); kinds meet through references in the image"
    return None


def findings_in(path: str, text: str) -> Iterable[Finding]:
    for number, line in enumerate(text.splitlines(), 1):
        match = _INCLUDE.match(line)
        if match and (why := wrong_include(path, match.group(1))):
            yield Finding(path, number, why)


def main(top: Path = TOP) -> int:
    names = [
        name
        for name in files(top, suffixes=(".cc", ".h", ".c", ".S"))
        if name.startswith("cr/")
    ]
    found = [
        finding
        for name in names
        for finding in findings_in(name, (top / name).read_text())
    ]
    return report("layers", len(names), found)


if __name__ == "__main__":
    sys.exit(main())
