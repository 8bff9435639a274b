"""What differs between two recordings."""

from __future__ import annotations

import re
from typing import Iterable

from harness.oracle import policy
from harness.oracle.snapshot import Snapshot

Key = tuple[str, str, str]


@policy.applies("program at work")
def lasting_part(record: Snapshot, root: int) -> Snapshot:
    """The part of the root's record that may be compared while the program is working."""
    who = f"pid {root}"
    return {
        key: value
        for key, value in record.items()
        if key[0] == who
        and (
            key[1] in policy.LASTING
            or (key[1] == "status" and key[2] in policy.LASTING_STATUS)
            or (key[1] == "stat" and key[2] in policy.LASTING_STAT)
        )
    }


def differences(
    before: Snapshot, after: Snapshot, moving: Iterable[Key] = ()
) -> list[str]:
    """One line per difference; `moving` are keys that changed by themselves before the dump.

    Tasks that differ in the same way share a line: a tree of a hundred would hide its reason.
    """
    ignored = frozenset(moving)
    who_differs: dict[str, list[str]] = {}
    for key in sorted(before.keys() | after.keys(), key=natural):
        was, now = before.get(key), after.get(key)
        if key not in ignored and was != now:
            what = " ".join(part for part in key[1:] if part)
            who_differs.setdefault(f"{what}: {_show(was)} -> {_show(now)}", []).append(
                key[0]
            )
    return [f"{_people(whose)} {line}" for line, whose in who_differs.items()]


def natural(key: Key) -> list[tuple[bool, int, str]]:
    """Sorts pid 9 before pid 10."""
    words = re.split(r"(\d+)", " ".join(key))
    return [
        (word.isdigit(), int(word) if word.isdigit() else 0, word) for word in words
    ]


def _people(whose: list[str]) -> str:
    if len(whose) <= 3:
        return ", ".join(whose)
    return f"{', '.join(whose[:2])} and {len(whose) - 2} more"


def _show(value: str | None) -> str:
    if value is None:
        return "(absent)"
    shown = repr(value)
    return shown if len(shown) <= 200 else shown[:200] + "..."
