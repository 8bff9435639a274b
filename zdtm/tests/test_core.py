"""Core files of images: gdb shows every thread, register, variable and mapping as the image has them."""

from __future__ import annotations

import base64
import json
import re
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import HERE, LIBRARY, Run
from engine_under_test import engine_with_images

from harness.cells import PASS
from harness.plugin import KEY

BITS = (64, 32)
NESTED = ["innermost", "nested", "nested", "nested", "nested", "waiting"]
# What gdb calls the registers of a 32-bit program, whose image has 64-bit ones.
NARROW = {"rip": "eip", "rsp": "esp", "rbp": "ebp", "orig_rax": "orig_eax"}
NARROW |= {f"r{x}": f"e{x}" for x in ("ax", "bx", "cx", "dx", "si", "di")}
NARROW |= {x: x for x in ("eflags", "cs", "ss", "ds", "es", "fs", "gs")}


@dataclass
class Cores:
    """What one dumped tree gave."""

    folder: Path
    program: Path
    shown: dict[str, Any]
    told: list[dict[str, Any]]

    def records(self, kind: str) -> list[dict[str, Any]]:
        return [x["record"] for x in self.shown["records"] if x["type"] == kind]

    def path(self, pid: int) -> Path:
        return self.folder / f"core.{pid}"


def dumped(
    run: Run, config: pytest.Config, tmp_path: Path, program: Path, **more: Any
) -> Cores:
    engine = engine_with_images(config, tmp_path)
    folder = tmp_path / "cores"
    folder.mkdir()
    result = run(
        str(program),
        "cored",
        engine.adapter,
        engine_program=engine.program,
        deadline_s=60.0,
        options={"folder": str(folder)},
        **more,
    )
    assert result.verdict == PASS, f"{result.reason}\n{result.log}"
    shown = json.loads((folder / "show.json").read_text())
    told = json.loads((folder / "core.json").read_text())["cores"]
    return Cores(folder, program, shown, told)


@pytest.fixture(params=BITS, ids=lambda bits: f"m{bits}")
def nested(
    request: pytest.FixtureRequest,
    run: Run,
    pytestconfig: pytest.Config,
    tmp_path: Path,
) -> Cores:
    """One process of five threads, with symbols."""
    program = tmp_path / "nested_calls"
    sources = [HERE / "programs" / "nested_calls.c", *LIBRARY.glob("*.c")]
    subprocess.run(
        ["gcc", f"-m{request.param}", "-msse2", "-std=gnu11", "-g", "-O1", "-pthread"]
        + ["-D_GNU_SOURCE", f"-I{LIBRARY}", "-o", str(program), *map(str, sources)],
        check=True,
        timeout=120,
    )
    return dumped(run, pytestconfig, tmp_path, program)


def gdb(program: Path, core: Path, *commands: str) -> str:
    argv = ["gdb", "-batch", "-nx", "-iex", "set debuginfod enabled off"]
    for command in ("set width 0", "set height 0", *commands):
        argv += ["-ex", command]
    done = subprocess.run(
        [*argv, str(program), str(core)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    for bad in ("truncated", "Cannot access", "not in executable format", "corrupt"):
        assert bad not in done.stdout + done.stderr, done.stdout + done.stderr
    return done.stdout


def per_thread(text: str) -> dict[int, str]:
    """What `thread apply all` printed, by thread id."""
    parts = re.split(r"^Thread \d+ \(.*?(?:LWP|process) (\d+)\)\):?$", text, flags=re.M)
    return {int(tid): said for tid, said in zip(parts[1::2], parts[2::2])}


def register_differences(cores: Cores, pid: int, bits: int) -> list[str]:
    """Between what gdb says of each thread and what the image says."""
    threads = cores.records("Thread")
    # Asked for by name: gdb keeps some to itself otherwise.
    names = {x: x if bits == 64 else NARROW.get(x, "") for x in threads[0]["registers"]}
    command = "thread apply all info registers " + " ".join(names.values())
    by_thread = per_thread(gdb(cores.program, cores.path(pid), command))
    found = []
    for thread in threads:
        said = dict(
            re.findall(r"^(\w+) +(0x[0-9a-f]+)", by_thread[thread["tid"]], re.M)
        )
        assert len(said) == (27 if bits == 64 else 17)
        for ours, theirs in names.items():
            wanted = int(thread["registers"][ours]) & (1 << bits) - 1
            if theirs and int(said[theirs], 16) != wanted:
                found.append(
                    f"{thread['tid']} {theirs}: {said[theirs]}, not {wanted:#x}"
                )
    return found


@pytest.mark.engine
def test_gdb_sees_what_the_image_has(nested: Cores) -> None:
    (told,) = nested.told
    pid, bits = told["pid"], told["word_size"]
    core = nested.path(pid)
    assert told["vdso"] and core.stat().st_size == told["bytes"]
    assert core.stat().st_mode & 0o777 == 0o600

    # Every thread's way from its start down to where it waits or works.
    calls = {
        tid: re.findall(r"^#\d+ +(?:0x[0-9a-f]+ in )?(\S+) \(", said, re.M)
        for tid, said in per_thread(
            gdb(nested.program, core, "thread apply all bt")
        ).items()
    }
    (process,) = nested.records("Task")
    assert set(calls) == set(process["tids"]) and len(calls) == 5
    main, *waiting, spinner = (calls[tid] for tid in process["tids"])
    assert main[-2:] == ["zdtm_checkpoint_here", "main"]
    assert spinner[:2] == ["spinning", "spinner"]
    for names in waiting:
        first = names.index("innermost")
        assert names[first : first + len(NESTED)] == NESTED
        assert names[first - 1] == "zdtm_futex_wait_while"
        if bits == 32:
            assert names[0] == "__kernel_vsyscall", "through the vdso"

    assert register_differences(nested, pid, bits) == []


# (expression, what gdb prints): data, bss, shared memory, both ends of a sparse reservation and its middle.
VALUES = {
    "in_data": "0x600df00d",
    "in_bss[4000]": "0xb55b55b5",
    "in_bss[0]": "0x0",
    "in_shared[1024]": "0x5a5a5a5a",
    "in_shared[0]": "0x0",
    "in_shared[2047]": "0x0",
    "in_reservation[0]": "0xfee1fee1",
    "in_reservation[0x800000]": "0x0",
    "in_reservation[0x1000000]": "0xfa12fa12",
}


@pytest.mark.engine
def test_gdb_finds_values_and_mappings(nested: Cores) -> None:
    (told,) = nested.told
    core = nested.path(told["pid"])
    (process,) = nested.records("Task")
    out = gdb(nested.program, core, *(f"p/x {name}" for name in VALUES))
    assert re.findall(r"^\$\d+ = (\S+)$", out, re.M) == list(VALUES.values())

    # Vector and floating point registers of the spinner, arguments of a waiting thread's outermost call.
    numbers = re.findall(
        r"^[* ] +(\d+) +.*LWP (\d+)", gdb(nested.program, core, "info threads"), re.M
    )
    number = {int(tid): int(shown) for shown, tid in numbers}
    spinner, second = number[process["tids"][4]], number[process["tids"][2]]
    commands = (f"thread {spinner}", "p/x $xmm5.v4_int32", "p $st0", f"thread {second}")
    out = gdb(nested.program, core, *commands, "p/x $mxcsr", "p/x $fctrl")
    assert "{0x11111111, 0x22222222, 0x33333333, 0x44444444}" in out
    assert re.findall(r"= (0\.125|0x1f80|0x37f)$", out, re.M) == [
        "0.125",
        "0x1f80",
        "0x37f",
    ]

    # NT_FILE and auxv.
    (space,) = nested.records("AddressSpace")
    wanted = set()
    for vma in space["vmas"]:
        if vma["backing"] == "FILE":
            name = bytes_of(space["files"][vma["file"]]["path"])
        elif vma["backing"] == "SHARED_ANONYMOUS":
            name = "/dev/zero (deleted)"
        else:
            continue
        wanted.add((int(vma["start"]), int(vma["end"]), int(vma["offset"]), name))
    out = gdb(nested.program, core, "info proc mappings", "info auxv")
    rows = re.findall(r"^\s+(0x\w+) +(0x\w+) +0x\w+ +(0x\w+) +(/.*)$", out, re.M)
    assert {(int(a, 16), int(b, 16), int(c, 16), d) for a, b, c, d in rows} == wanted
    assert len(wanted) > 5
    assert re.search(r"AT_PAGESZ .* 4096$", out, re.M)


@pytest.mark.engine
def test_readelf_finds_nothing_wrong(nested: Cores) -> None:
    (told,) = nested.told
    done = subprocess.run(
        ["readelf", "-a", "-W", str(nested.path(told["pid"]))],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    for bad in ("warning", "error", "unknown note", "<corrupt>"):
        assert bad not in done.stdout.lower()
    assert re.search(rf"Class: +ELF{told['word_size']}$", done.stdout, re.M)
    loads = re.findall(
        r"^  LOAD +0x\w+ 0x(\w+) 0x\w+ 0x\w+ 0x(\w+) (...) ", done.stdout, re.M
    )
    assert len(loads) == told["segments"]
    # All that was mapped, with its protection; what touches is joined on both sides.
    (space,) = nested.records("AddressSpace")
    bits = ("R", 1), ("W", 2), ("E", 4)
    mapped = [
        (
            int(v["start"]),
            int(v["end"]),
            "".join(c if v["protection"] & b else " " for c, b in bits),
        )
        for v in space["vmas"]
        if v["backing"] != "VDSO"
    ]
    code = next(v for v in space["vmas"] if v["backing"] == "VDSO")
    loaded = [
        (int(at, 16), int(at, 16) + int(size, 16), flags) for at, size, flags in loads
    ]
    assert joined(
        [x for x in loaded if not int(code["start"]) <= x[0] < int(code["end"])]
    ) == joined(mapped)
    assert (loaded[-1][2] == "R E") or any(
        x[1] == int(code["end"]) and x[2] == "R E" for x in loaded
    )


@pytest.mark.engine
def test_a_wrong_register_would_be_seen(nested: Cores) -> None:
    (told,) = nested.told
    pid, bits = told["pid"], told["word_size"]
    thread = nested.records("Thread")[2]
    size = "<Q" if bits == 64 else "<I"
    stack = int(thread["registers"]["rsp"])
    core = nested.path(pid)
    whole = core.read_bytes()
    # The first place is in its NT_PRSTATUS: notes come before memory.
    core.write_bytes(
        whole.replace(struct.pack(size, stack), struct.pack(size, stack + 16), 1)
    )
    (found,) = register_differences(nested, pid, bits)
    assert found.startswith(f"{thread['tid']} {'rsp' if bits == 64 else 'esp'}: ")


@pytest.mark.engine
def test_a_mixed_tree_gives_cores_of_both_classes(
    run: Run, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    build = pytestconfig.stash[KEY].build
    cores = dumped(
        run, pytestconfig, tmp_path, build / "zdtm" / "m64" / "threads_in_both"
    )
    living = {x["pid"]: x for x in cores.records("Task") if not x["zombie"]}
    assert {x["word_size"] for x in living.values()} == set(BITS)
    assert {x["pid"] for x in cores.told} == set(living)
    spaces = {x["pid"]: x for x in cores.records("AddressSpace")}
    for pid, process in living.items():
        space = spaces[pid]
        program = Path(bytes_of(space["files"][space["exe"]]["path"]))
        said = per_thread(gdb(program, cores.path(pid), "thread apply all bt"))
        assert set(said) == set(process["tids"])
        assert cores.path(pid).read_bytes()[4] == process["word_size"] // 32
        assert re.search(r" in main \(|^#\d+ +main \(", said[pid], re.M), said[pid]


def joined(ranges: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    out: list[tuple[int, int, str]] = []
    for start, end, flags in sorted(ranges):
        if out and out[-1][1:] == (start, flags):
            start = out.pop()[0]
        out.append((start, end, flags))
    return out


def bytes_of(text: str) -> str:
    """Bytes are base64 in what `show` prints."""
    return base64.b64decode(text).decode()
