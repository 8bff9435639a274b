"""The schemas of images only grow: what the last release could say, this tree says with the same numbers.

Compared with cr/kinds/released.txt: nothing is removed, renamed, renumbered or retyped, no label is another one, nothing
reserved is used. At a release `PYTHONPATH=ci /usr/bin/python3 -m checks.schema --release` writes what is there into it."""

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from checks.descriptors import (
    Kind,
    Member,
    Schema,
    describe,
    listing,
    parse_listing,
    schema_of,
)
from checks.tree import TOP, Finding, files, report

FOLDER = "cr/kinds"
RELEASED = f"{FOLDER}/released.txt"
RECORD_TYPES = f"{FOLDER}/record_types.h"
_NOT_IN_IMAGES = {f"{FOLDER}/policy.proto"}
_RECORD_TYPE = re.compile(r"^\s*k(\w+)Record = (\d+),", re.MULTILINE)


def violations(released: Schema, now: Schema) -> Iterable[str]:
    for name, kind in sorted(released.items()):
        if name not in now:
            yield f"{name} was removed"
        else:
            yield from (f"{name}: {text}" for text in _in_kind(kind, now[name]))


def _in_kind(released: Kind, now: Kind) -> Iterable[str]:
    by_number = {what.number: member for member, what in now.members.items()}
    for member, was in released.members.items():
        if (is_ := now.members.get(member)) is not None:
            yield from _in_member(member, was, is_)
        elif heir := by_number.get(was.number):
            yield f"{member} was removed, and its number {was.number} is {heir}'s"
        else:
            yield f"{member} was removed"
    for member, what in now.members.items():
        if any(first <= what.number <= last for first, last in released.reserved):
            yield f"{member} uses the number {what.number}, which was reserved"
        if member in released.reserved_names:
            yield f"{member} is a name that was reserved"
    for first, last in released.reserved:
        if not any(low <= first and last <= high for low, high in now.reserved):
            yield f"{first} to {last} is no longer reserved"


def _in_member(member: str, was: Member, is_: Member) -> Iterable[str]:
    if was.number != is_.number:
        yield f"{member} had the number {was.number} and has {is_.number}"
    if was.type != is_.type:
        yield f"{member} was of type {was.type} and is of {is_.type}"
    if was.label != is_.label:
        yield f"{member} was {was.label or 'single'} and is {is_.label or 'single'}"


def record_types(header: str) -> Kind:
    return Kind({name: Member(int(no)) for name, no in _RECORD_TYPE.findall(header)})


def current(top: Path) -> tuple[Schema, int]:
    names = [
        name
        for name in files(top, suffixes=(".proto",))
        if name.startswith(f"{FOLDER}/") and name not in _NOT_IN_IMAGES
    ]
    below = [name.removeprefix(f"{FOLDER}/") for name in names]
    schema = schema_of(describe(top / FOLDER, below)) if names else {}
    schema["records"] = record_types((top / RECORD_TYPES).read_text())
    return schema, len(names)


def main(top: Path = TOP, arguments: Sequence[str] = ()) -> int:
    now, looked_at = current(top)
    reference = top / RELEASED
    released = parse_listing(reference.read_text()) if reference.exists() else {}
    found = [Finding(RELEASED, 0, text) for text in violations(released, now)]
    if "--release" in arguments and not found:
        reference.write_text(listing(now))
    elif not released:
        found.append(
            Finding(RELEASED, 0, "is missing: there is nothing to compare with")
        )
    return report("schema", looked_at, found)


if __name__ == "__main__":
    sys.exit(main(arguments=sys.argv[1:]))
