"""Records of two kernels: what both tell is compared, and nothing else differs unseen."""

from __future__ import annotations

from harness.oracle import Snapshot, differences
from harness.oracle.crossing import both_tell

BEFORE: Snapshot = {
    ("pid 5", "status", "Umask"): "0022",
    ("pid 5", "status", "x86_Thread_features"): "",
    ("pid 5", "ns", "net"): "net:[4026531840]",
    ("pid 5", "fd 0", "flags"): "0100000",
    ("pid 5", "fd 0", "mnt_id"): "22",
    (
        "pid 5",
        "maps",
        "7ff000-800000",
    ): "rw-p 0 00:00 0 [stack] [ac gd me mr mw rd wr] KernelPageSize 4 kB",
    ("pid 5", "maps", "900000-904000"): "r--p 0 00:00 0 [vvar] [de io mr pf rd] X 1",
    ("pid 5", "maps", "904000-906000"): "r-xp 0 00:00 0 [vdso] [de ex mr mw me rd] X 1",
}
AFTER: Snapshot = {
    ("pid 5", "status", "Umask"): "0022",
    ("pid 5", "ns", "net"): "net:[4026531833]",
    ("pid 5", "fd 0", "flags"): "0100000",
    ("pid 5", "fd 0", "ino"): "3",
    (
        "pid 5",
        "maps",
        "7ff000-800000",
    ): "rw-p 0 00:00 0 [stack] [?? ac gd me mr mw rd wr] KernelPageSize 4 kB, New 1",
    ("pid 5", "maps", "900000-904000"): "r--p 0 00:00 0  [mr mw me rd] X 1",
    ("pid 5", "maps", "904000-906000"): "r-xp 0 00:00 0  [ex mr mw me rd] X 1",
    ("pid 5", "maps", "a00000-a06000"): "r--p 0 00:00 0 [vvar] [de io mr pf rd] X 1",
    ("pid 5", "maps", "a06000-a08000"): "r-xp 0 00:00 0 [vdso] [de ex mr mw me rd] X 1",
}


def found(before: Snapshot, after: Snapshot) -> list[str]:
    return differences(*both_tell(before, after))


def changed(record: Snapshot, key: tuple[str, str, str], value: str) -> Snapshot:
    return {**record, key: value}


def test_what_only_kernels_differ_in_is_no_difference() -> None:
    assert found(BEFORE, AFTER) == []


def test_what_a_restore_loses_is() -> None:
    after = changed(AFTER, ("pid 5", "status", "Umask"), "0077")
    assert any("Umask" in line for line in found(BEFORE, after))
    after = changed(
        AFTER, ("pid 5", "maps", "7ff000-800000"), "r--p 0 00:00 0 [stack] [rd] X 1"
    )
    assert any("7ff000-800000" in line for line in found(BEFORE, after))
    gone = {key: value for key, value in AFTER.items() if key[1] != "fd 0"}
    gone["pid 5", "fd 1", "flags"] = "0100000"
    assert any("fd 0 flags" in line for line in found(BEFORE, gone))


def test_a_mapping_that_nobody_had_is_one() -> None:
    after = changed(
        AFTER, ("pid 5", "maps", "b00000-b01000"), "rw-p 0 00:00 0  [rd wr] X 1"
    )
    assert any("b00000-b01000" in line for line in found(BEFORE, after))
