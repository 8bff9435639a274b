"""Records what the kernel shows of every task of a tree."""

from __future__ import annotations

import errno
import functools
import os
import re
from typing import Callable, Iterable, Optional

from harness import procfs
from harness.isolation import kcmp
from harness.oracle import policy
from harness.oracle.maps import Mapping, read_mappings
from harness.oracle.tree import living, threads, tree

# One flat table: ("pid 5", "limits", "Max cpu time") -> text. Flat things are easy to compare and to print.
Snapshot = dict[tuple[str, str, str], str]

# Which mappings show one object: the same device and inode behind them.
Objects = dict[tuple[str, int], list[str]]

KCMP_FILE, KCMP_FILES = 0, 2
# All of kcmp(2) that is about two tasks.
KCMP = {"vm": 1, "files": 2, "fs": 3, "sighand": 4, "io": 5, "sysvsem": 6}
SHARED_PARTS = {name: what for name, what in KCMP.items() if name not in policy.SHARING}

WHOLE_FILES = (
    "cmdline",
    "environ",
    "auxv",
    "coredump_filter",
    "oom_score_adj",
    "timers",
    "cgroup",
)
FILES_OF_THREADS = (
    "comm",
    "personality",
    "loginuid",
    "sessionid",
    "attr/current",
    "attr/exec",
)
LINKS = ("cwd", "root", "exe")
NUMBERED = re.compile(r"^(pipe|socket):\[(\d+)\]$")
AUTOGROUP = re.compile(r"^/autogroup-\d+")


def take_working(root: int) -> Snapshot:
    """Of a tree in the middle of its work only the root's lasting attributes can be recorded."""
    record: Snapshot = {}
    _thread(record, root, root, root)
    _attributes(record, f"pid {root}", f"/proc/{root}")
    return record


def take(root: int) -> Snapshot:
    """Requires: the tree is quiet. Otherwise the record may mix two moments."""
    record: Snapshot = {}
    pids = tree(root)
    names = _Names()
    objects: Objects = {}
    for pid in pids:
        _task(record, root, pid, names, objects)
    _sharing(record, pids)
    for members in objects.values():
        if len(members) > 1:
            members.sort()
            record["tree", "shared mapping", members[0]] = " ".join(members)
    return record


class _Names:
    """Gives objects whose kernel number is new after a restore a number of their own, by first use."""

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}

    @policy.applies("number of a pipe or socket")
    def of(self, link: str) -> str:
        found = NUMBERED.match(link)
        if not found:
            return link
        return self._numbers.setdefault(link, f"{found[1]} #{len(self._numbers)}")


def _task(
    record: Snapshot, root: int, pid: int, names: _Names, objects: Objects
) -> None:
    who = f"pid {pid}"
    tids = threads(pid)
    record[who, "threads", ""] = " ".join(map(str, tids))
    alive = living(pid)
    if not alive:
        _dead(record, root, pid)
        return
    for tid in tids:
        _thread(record, root, pid, tid)
    # The first thread may have ended. /proc lists no other, but shows below each what all have in common.
    shown_by = alive[0]
    _attributes(record, who, f"/proc/{shown_by}")
    _descriptors(record, who, f"/proc/{shown_by}", names)
    _mappings(record, pid, shown_by, objects)


@policy.applies("zombie")
def _dead(record: Snapshot, root: int, pid: int) -> None:
    """Of a zombie only what its parent can still learn, and where it stands in the tree."""
    living: Snapshot = {}
    _thread(living, root, pid, pid)
    for key, value in living.items():
        if key[1:] in policy.OF_A_ZOMBIE:
            record[key] = value


def _attributes(record: Snapshot, who: str, base: str) -> None:
    for name in WHOLE_FILES:
        if (value := _read(f"{base}/{name}")) is not None:
            record[who, name, ""] = value
    for name in LINKS:
        record[who, name, ""] = os.readlink(f"{base}/{name}")
    _autogroup(record, who, base)
    for name in os.listdir(f"{base}/ns"):
        if name not in policy.NAMESPACES:
            _namespace(record, who, name, f"{base}/ns/{name}")
    for line in (_read(f"{base}/limits") or "").splitlines()[1:]:
        record[who, "limits", line[:26].strip()] = line[26:].strip()


@policy.applies("number of an autogroup")
def _autogroup(record: Snapshot, who: str, base: str) -> None:
    if (value := _read(f"{base}/autogroup")) is not None:
        record[who, "autogroup", ""] = AUTOGROUP.sub("", value).strip()


def _namespace(record: Snapshot, who: str, name: str, link: str) -> None:
    try:
        record[who, "ns", name] = os.readlink(link)
    except FileNotFoundError:
        pass  # that of children has nobody in it yet


def _thread(record: Snapshot, root: int, pid: int, tid: int) -> None:
    who = f"pid {pid}" if pid == tid else f"pid {pid} thread {tid}"
    base = f"/proc/{pid}/task/{tid}"
    for line in (_read(f"{base}/status") or "").splitlines():
        key, _, value = line.partition(":")
        if key not in policy.STATUS:
            record[who, "status", key] = value.strip()
        elif key == "State":
            record[who, "state", ""] = value.strip()
    # The name may hold blanks and brackets: the fields begin behind the last bracket.
    fields = (_read(f"{base}/stat") or "").rpartition(")")[2].split()
    for number, value in enumerate(fields, start=3):
        if number == 4:
            _parent(record, who, value, of_the_root=pid == root)
        elif number not in policy.STAT_IGNORED:
            record[
                who, "stat", policy.STAT_NAMES.get(number, f"field {number}")
            ] = value
    for name in FILES_OF_THREADS:
        if (content := _read(f"{base}/{name}")) is not None:
            record[who, name, ""] = content
    # Only the top level has it, also for threads.
    if (slack := _read(f"/proc/{tid}/timerslack_ns")) is not None:
        record[who, "timerslack_ns", ""] = slack
    _place(record, who, base)


@policy.applies("parent of the root")
def _parent(record: Snapshot, who: str, parent: str, of_the_root: bool) -> None:
    if not of_the_root:
        record[who, "ppid", ""] = parent


@policy.applies("place of a running thread")
def _place(record: Snapshot, who: str, base: str) -> None:
    """Where a blocked thread stopped."""
    words = (_read(f"{base}/syscall") or "").split()
    if len(words) != 9:
        return
    for number, word in enumerate(words):
        if number not in policy.SYSCALL:
            record[who, "blocked at", policy.SYSCALL_NAMES[number]] = word


@policy.applies("inode without a path")
def _descriptors(record: Snapshot, who: str, base: str, names: _Names) -> None:
    for number in sorted(map(int, os.listdir(f"{base}/fd"))):
        try:
            link = os.readlink(f"{base}/fd/{number}")
            info = procfs.text(f"{base}/fdinfo/{number}")
        except FileNotFoundError:
            continue  # closed between the listing and the look
        record[who, f"fd {number}", "file"] = names.of(link)
        for line in info.splitlines():
            key, _, value = line.partition(":")
            if key != "ino" or link.startswith("/"):
                record[who, f"fd {number}", key] = value.strip()


def _mappings(record: Snapshot, pid: int, shown_by: int, objects: Objects) -> None:
    for mapping in read_mappings(shown_by):
        facts = ", ".join(f"{name} {value}" for name, value in mapping.facts)
        record[f"pid {pid}", "maps", mapping.label()] = (
            f"{mapping.access} {mapping.offset:x} {mapping.device} {_inode(mapping)} {mapping.name}"
            f" [{' '.join(sorted(mapping.flags))}] {facts}"
        )
        if mapping.inode:
            key = (mapping.device, mapping.inode)
            objects.setdefault(key, []).append(f"{pid}/{mapping.label()}")


@policy.applies("inode without a disk")
def _inode(mapping: Mapping) -> int:
    return 0 if mapping.device.startswith("00:") else mapping.inode


def _sharing(record: Snapshot, pids: list[int]) -> None:
    tids = [tid for pid in pids for tid in living(pid)]
    for name, what in SHARED_PARTS.items():
        _classes(
            record,
            f"shared {name}",
            [(f"{tid}", tid, 0) for tid in tids],
            lambda a, b, what=what: kcmp(a[1], b[1], what),  # type: ignore[misc]
        )
    _shared_files(record, tids)


Member = tuple[str, int, int]


def _classes(
    record: Snapshot,
    label: str,
    members: Iterable[Member],
    order: Callable[[Member, Member], int],
) -> None:
    """Sorts by the kernel's own order (1: less, 2: greater), so equal ones become neighbours."""

    def compare(a: Member, b: Member) -> int:
        return {0: 0, 1: -1, 2: 1}[order(a, b)]

    ranked = sorted(members, key=functools.cmp_to_key(compare))
    group: list[Member] = []
    for member in [*ranked, None]:
        if member is not None and (not group or compare(group[-1], member) == 0):
            group.append(member)
            continue
        if len(group) > 1:
            together = sorted(item[0] for item in group)
            record["tree", label, together[0]] = " ".join(together)
        group = [member] if member is not None else []


def _shared_files(record: Snapshot, tids: list[int]) -> None:
    """One open file description or two? Only descriptors of one file can be the same."""
    candidates: dict[str, list[Member]] = {}
    tables: list[int] = []
    for tid in tids:
        # Tasks that share a table would list every descriptor of it again.
        if any(kcmp(tid, other, KCMP_FILES) == 0 for other in tables):
            continue
        tables.append(tid)
        for name in os.listdir(f"/proc/{tid}/fd"):
            try:
                link = os.readlink(f"/proc/{tid}/fd/{name}")
            except FileNotFoundError:
                continue
            candidates.setdefault(link, []).append((f"{tid}/{name}", tid, int(name)))
    for members in candidates.values():
        _classes(
            record,
            "shared file",
            members,
            lambda a, b: kcmp(a[1], b[1], KCMP_FILE, a[2], b[2]),
        )


def _read(path: str) -> Optional[str]:
    """None: this kernel has no such file, or nothing that fills it. Bytes that are no text stay visible."""
    try:
        return procfs.text(path)
    except OSError as error:
        # attr/current and attr/exec are there, too, where no security module has labels, or there is none.
        if error.errno in (errno.ENOENT, errno.EINVAL):
            return None
        raise
