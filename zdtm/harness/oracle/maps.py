"""The mappings of a task, in the form two recordings can be compared in."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from harness import procfs

# The two lines of a mapping that count, of more than twenty. One search through the whole text: lines are many.
HEAD_OR_FLAGS = re.compile(
    r"^(?:([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) ([0-9a-f]+:[0-9a-f]+) (\d+) *(.*)|VmFlags:(.*))$",
    re.MULTILINE,
)

# Flags of VmFlags that say nothing about the program's state.
UNSEEN_FLAGS = {
    "sd": "soft-dirty: the kernel's note since the last clear_refs, not the program's state",
    "ac": "the mapping was writable once, so it counts against the overcommit limit; a restorer that fills a"
    " mapping in place has to make it writable, and no call takes the mark away",
}


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

    def label(self) -> str:
        return f"{self.start:x}-{self.end:x}"

    def is_anonymous(self) -> bool:
        return self.inode == 0 and (self.name == "" or self.name.startswith("[anon:"))


def parse_smaps(text: str) -> list[Mapping]:
    found: list[Mapping] = []
    head: tuple[str, ...] = ()
    for *of_head, flags in HEAD_OR_FLAGS.findall(text):
        if of_head[0]:
            head = tuple(of_head)
        else:
            found.append(_mapping(head, frozenset(flags.split()) - UNSEEN_FLAGS.keys()))
    return found


def _mapping(head: tuple[str, ...], flags: frozenset[str]) -> Mapping:
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
    )


def merged(mappings: list[Mapping]) -> list[Mapping]:
    """Joins neighbours that only history keeps apart.

    The kernel merges two neighbouring mappings only while their anon_vma permits it, which depends on
    the order of faults and forks; a program cannot tell one mapping from two equal neighbours.
    """
    joined: list[Mapping] = []
    for mapping in mappings:
        last = joined[-1] if joined else None
        if last is not None and last.end == mapping.start and _continues(last, mapping):
            joined[-1] = replace(last, end=mapping.end)
        else:
            joined.append(mapping)
    return joined


def _continues(last: Mapping, mapping: Mapping) -> bool:
    same = (last.access, last.name, last.flags, last.device, last.inode) == (
        mapping.access,
        mapping.name,
        mapping.flags,
        mapping.device,
        mapping.inode,
    )
    if not same or last.name == "[stack]":
        return False
    return last.is_anonymous() or (
        last.inode != 0 and last.offset + (last.end - last.start) == mapping.offset
    )


def without_gate(mappings: list[Mapping]) -> list[Mapping]:
    """Leaves the vsyscall page out for a task that has only addresses of 32 bits.

    The kernel shows the page, far above, for every address space that a 64-bit program was executed in.
    A restorer is one, no call takes the page away, and 32-bit code cannot reach it.
    """
    own = [mapping for mapping in mappings if mapping.name != "[vsyscall]"]
    return own if own and own[-1].end <= 1 << 32 else mappings


def read_mappings(pid: int) -> list[Mapping]:
    return merged(without_gate(parse_smaps(procfs.text(f"/proc/{pid}/smaps"))))
