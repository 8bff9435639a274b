"""What can be compared of two records that were made on different kernels: what both tell, in words that mean the same."""

from __future__ import annotations

import re

from harness.oracle import policy
from harness.oracle.snapshot import Snapshot

Key = tuple[str, str, str]
VALUE = re.compile(r"(\S+) (\S+) (\S+) (\S+) (.*) \[([^]]*)\] (.*)", re.DOTALL)
OF_THE_VDSO = ("[vdso]", "[vvar")


def both_tell(before: Snapshot, after: Snapshot) -> tuple[Snapshot, Snapshot]:
    old = _vdso_ranges(before)
    one, other = _comparable(before, old), _comparable(after, old)
    # What one kernel tells of no task at all, it does not know.
    known = _kinds(one) & _kinds(other)
    return _of_kinds(one, known), _of_kinds(other, known)


@policy.applies("kernel's own words")
def _comparable(record: Snapshot, old: dict[str, list[range]]) -> Snapshot:
    out: Snapshot = {}
    own = _vdso_ranges(record)
    for key, value in record.items():
        kind = _kind(key)
        if kind[0] in policy.OF_ONE_BOOT or kind in policy.OF_ONE_KERNEL:
            continue
        if key[1] == "maps":
            if _of_vdso(key, value, old):
                continue
            value = _mapping(value)
        if key[1] == "status" and key[2].endswith("_allowed"):
            value = f"{int(value.replace(',', ''), 16):x}"
        if key[1:] == ("blocked at", "pc"):
            value = _place(key, value, old, own)
        out[key] = value
    return out


@policy.applies("vdso of another kernel")
def _of_vdso(key: Key, value: str, old: dict[str, list[range]]) -> bool:
    """It is another one, somewhere else; where the old one was, there is what leads to it."""
    start, end = (int(word, 16) for word in key[2].split("-"))
    parsed = VALUE.fullmatch(value)
    named = parsed is not None and parsed[5].startswith(OF_THE_VDSO)
    return named or any(
        start >= place.start and end <= place.stop for place in old.get(key[0], [])
    )


def _place(
    key: Key, value: str, old: dict[str, list[range]], own: dict[str, list[range]]
) -> str:
    """A 32-bit call goes back to the kernel's vdso, wherever it came from."""
    pid = " ".join(key[0].split()[:2])
    places = [*old.get(pid, []), *own.get(pid, [])]
    return "[vdso]" if any(int(value, 16) in place for place in places) else value


def _vdso_ranges(record: Snapshot) -> dict[str, list[range]]:
    """By task; neighbours as one, since what stands there later may be one mapping."""
    found: dict[str, list[range]] = {}
    for key, value in record.items():
        parsed = VALUE.fullmatch(value) if key[1] == "maps" else None
        if parsed is None or not parsed[5].startswith(OF_THE_VDSO):
            continue
        start, end = (int(word, 16) for word in key[2].split("-"))
        found.setdefault(key[0], []).append(range(start, end))
    for who, ranges in found.items():
        ranges.sort(key=lambda place: place.start)
        found[who] = [range(ranges[0].start, ranges[-1].stop)]
    return found


def _mapping(value: str) -> str:
    """Devices without a disk have a number of this boot, and so have their inodes; of the flags those that all kernels name."""
    parsed = VALUE.fullmatch(value)
    if parsed is None:
        return value
    access, offset, _, _, name, flags, _ = parsed.groups()
    known = [flag for flag in flags.split() if flag not in policy.VM_FLAGS_OF_SOME]
    return f"{access} {offset} {name} [{' '.join(known)}]"


def _kinds(record: Snapshot) -> set[tuple[str, str]]:
    return {_kind(key) for key in record}


def _kind(key: Key) -> tuple[str, str]:
    """Descriptors and mappings are named after themselves; of descriptors the lines of fdinfo are what kernels differ in."""
    if key[1].startswith("fd "):
        return "fd", key[2]
    return key[1], "" if key[1] == "maps" or key[0] == "tree" else key[2]


def _of_kinds(record: Snapshot, known: set[tuple[str, str]]) -> Snapshot:
    return {key: value for key, value in record.items() if _kind(key) in known}
