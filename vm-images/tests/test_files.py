"""What is computed from files: cpio archives, ELF edits, module order, the cache."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from vmlab import cache, elf, initrd, modules
from vmlab.cpio import CpioWriter
from vmlab.errors import VmSetupError


def archive_of(tree: Path, place: str) -> bytes:
    out = io.BytesIO()
    writer = CpioWriter(out)
    writer.tree(tree, place)
    writer.close()
    return out.getvalue()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "tree"
    (top / "deep/er").mkdir(parents=True)
    (top / "deep/er/odd name").write_bytes(b"abc")  # 3 bytes: needs padding
    (top / "run").write_bytes(b"#!/bin/sh\n")
    (top / "run").chmod(0o750)
    (top / "link").symlink_to("deep/er")
    return top


def test_cpio_round_trip_through_another_reader(tree: Path, tmp_path: Path) -> None:
    busybox = shutil.which("busybox") or shutil.which("cpio")
    if busybox is None:
        pytest.skip("neither busybox nor cpio is installed to read the archive back")
    argv = [busybox] + (["cpio"] if busybox.endswith("busybox") else [])
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(
        [*argv, "-i", "-d", "-m"],
        input=archive_of(tree, "opt/x"),
        cwd=out,
        check=True,
        capture_output=True,
    )
    assert (out / "opt/x/deep/er/odd name").read_bytes() == b"abc"
    assert (out / "opt/x/run").stat().st_mode & 0o777 == 0o750
    assert os.readlink(out / "opt/x/link") == "deep/er"


def test_cpio_of_equal_trees_is_equal_and_whole_sectors(tree: Path) -> None:
    before = archive_of(tree, "x")
    os.utime(tree / "run", (1, 1))
    assert archive_of(tree, "x") == before
    assert len(before) % 512 == 0


def test_cpio_makes_missing_parents_once() -> None:
    out = io.BytesIO()
    writer = CpioWriter(out)
    writer.file("a/b/one", b"1")
    writer.file("a/b/two", b"2")
    assert out.getvalue().count(b"a/b\0") == 1


def test_interpreter_is_replaced_in_place() -> None:
    program = Path(sys.executable).resolve().read_bytes()
    assert elf.interpreter(program).startswith("/lib")
    edited = elf.with_interpreter(program, "/opt/x/ld.so")
    assert elf.interpreter(edited) == "/opt/x/ld.so"
    assert len(edited) == len(program)


def test_a_path_that_does_not_fit_and_a_file_that_is_no_elf_are_errors() -> None:
    program = Path(sys.executable).resolve().read_bytes()
    with pytest.raises(VmSetupError, match="longer"):
        elf.with_interpreter(program, "/x" * 40)
    with pytest.raises(VmSetupError, match="not a 64-bit ELF"):
        elf.interpreter(b"#!/bin/sh\n")
    with pytest.raises(VmSetupError):
        elf.interpreter(program[:70])


def test_modinfo() -> None:
    info = modules.parse_modinfo(
        b"alias=fs-erofs\0depends=libcrc32c,lz4-x\0softdep=pre: crypto-crc32c post: late\0\0name=erofs\0"
    )
    assert info.aliases == ("fs_erofs",)
    assert info.needs == ("libcrc32c", "lz4_x", "crypto_crc32c")


def test_load_order_puts_needs_first_and_survives_a_circle() -> None:
    needs = {"a": ["b", "builtin"], "b": ["c"], "c": ["a"], "d": ["c"]}
    order = modules.load_order(["d", "a", "nowhere"], needs)
    assert sorted(order) == ["a", "b", "c", "d"]
    assert order.index("c") < order.index("d") and order.index("b") < order.index("a")


def test_static_nodes_come_from_pairs_of_aliases() -> None:
    tun = modules.ModInfo(("devname:net/tun", "char_major_10_200"), ())
    assert (
        modules.static_nodes([tun, modules.ModInfo(("net_pf_16",), ())])
        == "net/tun 10 200\n"
    )


def test_payload_paths_go_below_merged_usr() -> None:
    assert initrd.merged_usr("/bin/x") == "/usr/bin/x"
    assert initrd.merged_usr("/binary/x") == "/binary/x"


def test_made_once_keeps_nothing_of_a_failure(tmp_path: Path) -> None:
    calls = []

    def fail(path: Path) -> None:
        path.write_text("half")
        raise RuntimeError("no")

    def succeed(path: Path) -> None:
        calls.append(path)
        path.write_text("whole")

    target = tmp_path / "store/thing"
    with pytest.raises(RuntimeError):
        cache.made_once(target, fail)
    assert not target.exists()
    for _ in range(2):
        assert cache.made_once(target, succeed).read_text() == "whole"
    assert len(calls) == 1
    assert sorted(path.name for path in target.parent.iterdir()) == [
        "thing",
        "thing.lock",
    ]


def test_keys_know_the_borders_of_their_parts() -> None:
    assert cache.key_of("ab", "c") != cache.key_of("a", "bc")
