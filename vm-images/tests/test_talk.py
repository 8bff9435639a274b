"""What is said on the control port and on the console, without a machine."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from vmlab import console, protocol, qemu, recipes
from vmlab.protocol import Frame, Parser, Type
from vmlab.streams import PipeSink, PipeSource


def test_both_sides_use_the_same_numbers() -> None:
    header = (recipes.HOME / "guest/guest.h").read_text()
    numbers = {
        name: int(value)
        for name, value in re.findall(r"\b([A-Z][A-Z_]+) = (\d+)", header)
    }
    frames = {
        name.removeprefix("FRAME_"): value
        for name, value in numbers.items()
        if name.startswith("FRAME_")
    }
    del frames["MAX"]
    assert frames == {each.name: int(each) for each in Type}
    assert numbers["FRAME_MAX"] == protocol.FRAME_MAX
    assert numbers["WINDOW"] == protocol.WINDOW
    assert numbers["PROTOCOL_VERSION"] == protocol.VERSION
    assert {each.name: int(each) for each in protocol.Stream}.items() <= {
        name.removeprefix("STREAM_"): value for name, value in numbers.items()
    }.items()


def test_frames_survive_any_cut() -> None:
    frames = [
        Frame(Type.DATA, 3, 1, b"x" * 300),
        Frame(Type.PING),
        Frame(Type.EXIT, 9, 0, protocol.u32_body(256)),
    ]
    wire = b"".join(map(protocol.encode, frames))
    for step in (1, 2, 7, 8, 9, len(wire)):
        parser, seen = Parser(), []
        for start in range(0, len(wire), step):
            seen += parser.feed(wire[start : start + step])
        assert seen == frames


def test_a_frame_of_absurd_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="bytes"):
        Parser().feed(b"\xff" * 8)


def test_a_nul_in_a_command_line_is_an_error() -> None:
    with pytest.raises(ValueError):
        protocol.spawn_body(["a\0b"], {}, "/", None)


def test_a_full_pipe_keeps_bytes_and_loses_none() -> None:
    read_end, write_end = os.pipe()
    sink = PipeSink(write_end)
    sent = os.urandom(300_000)
    done = sink.feed(sent)
    assert 0 < done < len(sent)
    sink.end()
    got = b""
    while sink.fd >= 0:
        got += os.read(read_end, 100_000)
        done += sink.drain()
    while data := os.read(read_end, 100_000):
        got += data
    assert got == sent and done == len(sent)
    os.close(read_end)


def test_a_reader_that_went_away_does_not_stop_the_program() -> None:
    read_end, write_end = os.pipe()
    sink = PipeSink(write_end)
    os.close(read_end)
    assert sink.feed(b"abc") == 3
    assert sink.feed(b"abc") == 3


def test_a_source_tells_nothing_yet_from_the_end() -> None:
    read_end, write_end = os.pipe()
    source = PipeSource(read_end)
    assert source.take(10) is None
    os.write(write_end, b"abc")
    assert source.take(2) == b"ab"
    os.close(write_end)
    assert source.take(10) == b"c"
    assert source.take(10) == b""


CONSOLE = """\
[    1.0] Linux version 6.12.107
[    2.0] traps: probe[77] general protection ip:55 sp:7f error:0
[    3.0] WARNING: CPU: 0 PID: 1 at mm/slab_common.c:316
[    4.0] INFO: task zdtm:93 blocked for more than 60 seconds.
[    5.0] Oops: double fault: 0000 [#1] PREEMPT SMP
[    6.0] BUG: kernel NULL pointer dereference, address: 0000000000000010
[    7.0] vmguest: note: no binfmt_misc: No such device
[    8.0] vmguest: root image: No such device
"""


def test_trouble_on_the_console_is_seen_and_the_rest_is_not() -> None:
    assert [int(line[5]) for line in console.problems_in(CONSOLE)] == [3, 4, 5, 6, 8]


def test_each_problem_is_told_once_and_only_when_its_line_is_complete(
    tmp_path: Path,
) -> None:
    path = tmp_path / "console.log"
    watch = console.Console(path)
    assert watch.problems() == []
    path.write_text("BUG: one\nBUG: tw")
    assert watch.problems() == ["BUG: one"]
    with path.open("a") as file:
        file.write("o\n")
    assert watch.problems() == ["BUG: two"]


def test_commas_in_paths_do_not_become_options() -> None:
    assert qemu.escaped(Path("/a,b/c")) == "/a,,b/c"
