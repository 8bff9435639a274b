"""The mappings of a task, in the form two recordings can be compared in."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from harness import procfs
from harness.oracle import policy

HEAD = re.compile(
    r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) ([0-9a-f]+:[0-9a-f]+) (\d+) *(.*)"
)


@dataclass(frozen=True)
class Mapping:
    start: int
    end: int
    access: str
    offset: int
    device: str
    inode: int
    name: str
    flags: frozenset[str]
    facts: tuple[tuple[str, str], ...] = ()

    def label(self) -> str:
        return f"{self.start:x}-{self.end:x}"

    def is_anonymous(self) -> bool:
        return self.inode == 0 and (self.name == "" or self.name.startswith("[anon:"))


def parse_smaps(text: str) -> list[Mapping]:
    found: list[Mapping] = []
    head: tuple[str, ...] = ()
    facts: list[tuple[str, str]] = []
    for line in text.split("\n"):
        name, _, value = line.partition(":")
        if name in policy.SMAPS:  # nearly all: there are more than twenty for each
            continue
        if of_head := HEAD.fullmatch(line):
            head, facts = of_head.groups(), []
        elif name == "VmFlags":  # the last line of each
            flags = frozenset(value.split()) - policy.VM_FLAGS.keys()
            found.append(_mapping(head, flags, tuple(facts)))
        elif line:
            facts.append((name, value.strip()))
    return found


def _mapping(
    head: tuple[str, ...], flags: frozenset[str], facts: tuple[tuple[str, str], ...]
) -> Mapping:
    start, end, access, offset, device, inode, name = head
    return Mapping(
        int(start, 16),
        int(end, 16),
        access,
        int(offset, 16),
        device,
        int(inode),
        name,
        flags,
        facts,
    )


@policy.applies("equal neighbours")
def merged(mappings: list[Mapping]) -> list[Mapping]:
    """Joins neighbours that only history keeps apart."""
    joined: list[Mapping] = []
    for mapping in mappings:
        last = joined[-1] if joined else None
        if last is not None and last.end == mapping.start and _continues(last, mapping):
            joined[-1] = replace(last, end=mapping.end)
        else:
            joined.append(mapping)
    return joined


def _continues(last: Mapping, mapping: Mapping) -> bool:
    same = _kind(last) == _kind(mapping)
    if not same or last.name == "[stack]":
        return False
    return last.is_anonymous() or (
        last.inode != 0 and last.offset + (last.end - last.start) == mapping.offset
    )


def _kind(mapping: Mapping) -> tuple[object, ...]:
    """All but the place."""
    of = mapping
    return (of.access, of.name, of.flags, of.facts, of.device, of.inode)


@policy.applies("gate of a 32-bit task")
def without_gate(mappings: list[Mapping]) -> list[Mapping]:
    """Leaves the vsyscall page out for a task that has only addresses of 32 bits."""
    own = [mapping for mapping in mappings if mapping.name != "[vsyscall]"]
    return own if own and own[-1].end <= 1 << 32 else mappings


def read_mappings(pid: int) -> list[Mapping]:
    return merged(without_gate(parse_smaps(procfs.text(f"/proc/{pid}/smaps"))))
