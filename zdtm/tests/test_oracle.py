"""The witness: parsing, merging, naming of differences. Captured inputs."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
from pathlib import Path

import pytest

from harness import oracle, procfs
from harness.machines import slowness_of_host
from harness.oracle import policy
from harness.oracle.areas import code_areas
from harness.oracle.compare import differences, lasting_part
from harness.oracle.maps import merged, parse_smaps, without_gate
from harness.waiting import wait_until

SMAPS = """55d0c0a00000-55d0c0a02000 r--p 00000000 fe:00 247101                     /opt/a b/prog (deleted)
Size:                  8 kB
VmFlags: rd mr mw me sd ac 
55d0c0a02000-55d0c0a05000 r-xp 00002000 fe:00 247101                     /opt/a b/prog (deleted)
Size:                 12 kB
VmFlags: rd ex mr mw me 
7f0000000000-7f0000001000 rw-p 00000000 00:00 0 
VmFlags: rd wr mr mw me ac sd 
7f0000001000-7f0000003000 rw-p 00000000 00:00 0 
VmFlags: rd wr mr mw me ac 
7f0000003000-7f0000004000 rw-p 00000000 00:00 0 
VmFlags: rd wr mr mw me ac dc 
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
VmFlags: ex 
"""


def test_names_with_blanks_and_flags() -> None:
    first = parse_smaps(SMAPS)[0]
    assert first.name == "/opt/a b/prog (deleted)"
    assert (first.start, first.end, first.inode) == (
        0x55D0C0A00000,
        0x55D0C0A02000,
        247101,
    )
    assert "rd" in first.flags and "sd" not in first.flags


def test_equal_anonymous_neighbours_become_one_and_others_do_not() -> None:
    found = [mapping.label() for mapping in merged(parse_smaps(SMAPS))]
    assert "7f0000000000-7f0000003000" in found  # soft-dirty does not keep them apart
    assert "7f0000003000-7f0000004000" in found  # "do not fork" does
    assert len(found) == 5


KEYED = """7f0000000000-7f0000001000 rw-p 00000000 00:00 0 
Size:                  4 kB
KernelPageSize:        4 kB
MMUPageSize:           4 kB
Rss:                   4 kB
Pss_Dirty:             4 kB
THPeligible:           0
ProtectionKey:         0
VmFlags: rd wr mr mw me ac 
7f0000001000-7f0000002000 rw-p 00000000 00:00 0 
Size:                  4 kB
KernelPageSize:        4 kB
MMUPageSize:           4 kB
Rss:                   0 kB
Pss_Dirty:             0 kB
THPeligible:           1
ProtectionKey:         0
VmFlags: rd wr mr mw me 
"""


def test_what_is_state_of_a_mapping_is_told_from_accounts() -> None:
    first, second = parse_smaps(KEYED)
    assert first.facts == (("KernelPageSize", "4 kB"), ("ProtectionKey", "0"))
    assert first.facts == second.facts and len(merged([first, second])) == 1


def test_a_protection_key_is_state() -> None:
    first, second = parse_smaps(
        "ProtectionKey:         3".join(KEYED.rsplit("ProtectionKey:         0", 1))
    )
    assert dict(second.facts)["ProtectionKey"] == "3"
    assert len(merged([first, second])) == 2


def test_a_line_that_nobody_has_judged_is_compared() -> None:
    text = KEYED.replace("ProtectionKey:", "Rss_Of_Tomorrow:", 1)
    assert ("Rss_Of_Tomorrow", "0") in parse_smaps(text)[0].facts


def test_the_gate_page_counts_for_64_bit_tasks_only() -> None:
    mappings = parse_smaps(SMAPS)
    assert without_gate(mappings) == mappings
    low = [mapping for mapping in mappings if mapping.name == "[vsyscall]"]
    small = (
        parse_smaps(SMAPS.replace("55d0c0a0", "0000c0a0").split("7f0000000000")[0])
        + low
    )
    assert [mapping.name for mapping in without_gate(small)] == [
        "/opt/a b/prog (deleted)"
    ] * 2


def test_differences_name_what_and_where() -> None:
    before = {("pid 5", "fd 3", "pos"): "4", ("pid 5", "cwd", ""): "/"}
    after = {("pid 5", "fd 3", "pos"): "0", ("pid 5", "cwd", ""): "/"}
    assert differences(before, after) == ["pid 5 fd 3 pos: '4' -> '0'"]
    assert differences(before, after, moving=[("pid 5", "fd 3", "pos")]) == []


def test_what_is_new_or_gone_is_a_difference() -> None:
    one = {("pid 5", "fd 3", "pos"): "4"}
    assert differences(one, {}) == ["pid 5 fd 3 pos: '4' -> (absent)"]
    assert differences({}, one) == ["pid 5 fd 3 pos: (absent) -> '4'"]


def test_many_tasks_with_one_difference_take_one_line() -> None:
    before = {(f"pid {n}", "comm", ""): "a" for n in range(2, 60)}
    after = {key: "b" for key in before}
    assert differences(before, after) == ["pid 2, pid 3 and 56 more comm: 'a' -> 'b'"]


def test_the_lasting_part_is_of_the_root_only() -> None:
    record = {
        ("pid 2", "cwd", ""): "/",
        ("pid 2", "fd 3", "pos"): "4",
        ("pid 2", "status", "Umask"): "0022",
        ("pid 2", "status", "Threads"): "7",
        ("pid 3", "cwd", ""): "/",
    }
    assert lasting_part(record, 2) == {
        ("pid 2", "cwd", ""): "/",
        ("pid 2", "status", "Umask"): "0022",
    }


@pytest.fixture
def sleeper(tmp_path: Path):  # type: ignore[no-untyped-def]
    """A quiet task with two descriptors of one description and one of its own."""
    one = os.open(tmp_path / "one", os.O_RDWR | os.O_CREAT)
    two = os.open(tmp_path / "one", os.O_RDWR)
    process = subprocess.Popen(["sleep", "60"], stdin=one, stdout=one, stderr=two)

    def sleeps() -> bool:
        seen = [procfs.text(f"/proc/{process.pid}/{of}") for of in ("comm", "syscall")]
        return seen[0] == "sleep\n" and seen[1].startswith(("230", "35"))

    try:
        # Until sleep has been executed and sleeps, it does not stand still.
        wait_until(sleeps, "a quiet task", 10.0 * slowness_of_host())
        yield process.pid, one
    finally:
        process.kill()
        process.wait()
    os.close(one)
    os.close(two)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: /proc/PID/syscall and kcmp")
def test_a_quiet_task_is_the_same_twice_and_sharing_is_seen(
    sleeper: tuple[int, int]
) -> None:
    pid, fd = sleeper
    before = oracle.take(pid)
    assert differences(before, oracle.take(pid)) == []
    assert before["tree", "shared file", f"{pid}/0"] == f"{pid}/0 {pid}/1"
    os.lseek(fd, 17, os.SEEK_SET)
    lines = differences(before, oracle.take(pid))
    assert lines == [f"pid {pid} fd {n} pos: '0' -> '17'" for n in (0, 1)]


def test_every_rule_is_applied_by_some_code() -> None:
    importlib.import_module("harness.oracle.crossing")  # nothing else here needs it
    assert policy.APPLIED == policy.RULES.keys()
    with pytest.raises(KeyError, match="whatever"):
        policy.applies("whatever")


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Fills with the names below /proc/PID and /proc/PID/task/TID that are read from now on."""
    seen: set[str] = set()
    name = re.compile(r"/proc/\d+/(?:task/\d+/)?((?:attr/)?[^/]+)")

    def noted(module: object, function: str) -> None:
        original = getattr(module, function)

        def noting(path: str) -> object:
            if found := name.match(path):
                seen.add(found[1])
            return original(path)

        monkeypatch.setattr(module, function, noting)

    noted(procfs, "text")
    noted(os, "readlink")
    noted(os, "listdir")
    return seen


def names_below(folder: str) -> set[str]:
    names = set(os.listdir(folder))
    return names - {"attr"} | {f"attr/{x}" for x in os.listdir(f"{folder}/attr")}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: /proc/PID/syscall and kcmp")
def test_every_file_of_proc_is_read_or_named_with_a_reason(
    sleeper: tuple[int, int], looked_at: set[str]
) -> None:
    pid, _ = sleeper
    oracle.take(pid)
    read = looked_at.copy()
    assert not read & policy.UNREAD.keys()
    there = names_below(f"/proc/{pid}") | names_below(f"/proc/{pid}/task/{pid}")
    unknown = sorted(there - read - policy.UNREAD.keys())
    # Also of a kernel that is newer than all that were looked through: what nobody judged goes uncompared everywhere.
    assert not unknown, f"read them, or say in policy.UNREAD why not: {unknown}"


# The second ends its first thread alone.
WITH_CODE = ["time.sleep(60)", "ctypes.CDLL(None).syscall(60, 0)"]


@pytest.mark.parametrize("goes_on", WITH_CODE)
def test_code_of_no_file_is_found_in_a_task(
    sleeper: tuple[int, int], goes_on: str
) -> None:
    assert code_areas([sleeper[0]]) == {}
    with_code = f"""
import ctypes, mmap, threading, time
area = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC)
threading.Thread(target=time.sleep, args=(60,)).start()
print("mapped", flush=True)
{goes_on}
"""
    process = subprocess.Popen(
        ["/usr/bin/python3", "-c", with_code], stdout=subprocess.PIPE
    )
    state = "S" if goes_on == WITH_CODE[0] else "Z"
    try:
        assert process.stdout and process.stdout.readline()
        wait_until(
            lambda: procfs.stat_fields(process.pid)[0] == state,
            f"state {state}",
            10.0 * slowness_of_host(),
        )
        assert [process.pid] in code_areas([process.pid, sleeper[0]]).values()
    finally:
        process.kill()
        process.wait()
