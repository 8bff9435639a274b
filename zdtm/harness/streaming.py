"""A large task goes through pipes: scenario `streamed-large`, for a test of what a stream costs and of what a cut one does.

Options: `cuts`, at how many random places the stream is cut; `memory_kib`, how much the engine may use at its peak.
"""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Iterator

from harness.engines.base import Running
from harness.oracle.tree import tree
from harness.stage import CellFailure, Stage

INVALID = 4
# Half of the cuts hit the ends, where records, index and footer are.
ENDS = 256 * 1024


def streamed_large(stage: Stage) -> None:
    options = stage.spec.options
    stage.start()
    root = stage.tree_root
    members = tree(root)
    image = stage.image("stream")
    with open(image, "wb") as file:
        _measured(stage, "dump", [str(root), "-o", "-"], stdout=file)
    stage.expect_ended(members)
    size = image.stat().st_size
    stage.log(f"the stream has {size} bytes")
    for number in range(options["cuts"]):
        _expect_cut_is_seen(stage, image, root, _place(stage, number, size))
    with _head(image, size) as pipe:
        _measured(stage, "restore", ["-", "--detach"], stdin=pipe)
    stage.running = Running(root)
    stage.go_on()


def _measured(
    stage: Stage,
    command: str,
    words: list[str],
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
) -> None:
    """Runs the engine; through a real pipe also where we want a file."""
    cat = None
    if not isinstance(stdout, int):
        cat = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=stdout)
        assert cat.stdin is not None
        stdout = cat.stdin
    errors = stage.work.parent / f"{command}.err"
    began = time.monotonic()
    with open(errors, "wb") as err:
        process = subprocess.Popen(
            [stage.engine.program, command, *words],
            stdin=stdin,
            stdout=stdout,
            stderr=err,
            start_new_session=True,
        )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if cat is not None and cat.stdin is not None:
        cat.stdin.close()
        cat.wait()
    seconds = time.monotonic() - began
    stage.timings_ms[command] = seconds * 1000
    # Of the engine, its guardian, or us before it was executed, whichever is largest.
    stage.notes.append(f"{command}: {seconds:.2f} s, {usage.ru_maxrss} KiB at the peak")
    if process.returncode != 0:
        raise CellFailure(f"{command} failed: {errors.read_text()}")
    if usage.ru_maxrss > stage.spec.options["memory_kib"]:
        raise CellFailure(f"{command} used {usage.ru_maxrss} KiB of memory")


def _place(stage: Stage, number: int, size: int) -> int:
    if number % 2:
        return stage.random.randrange(size)
    near = stage.random.randrange(2 * ENDS)
    return near if near < ENDS else size - 1 - (near - ENDS)


@contextmanager
def _head(image: Path, size: int) -> Iterator[IO[bytes]]:
    """A pipe that the first bytes of the image come out of."""
    argv = ["head", "-c", str(size), str(image)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as head:
        assert head.stdout is not None
        yield head.stdout


def _expect_cut_is_seen(stage: Stage, image: Path, root: int, place: int) -> None:
    with _head(image, place) as pipe:
        outcome = subprocess.run(
            [stage.engine.program, "restore", "-"],
            stdin=pipe,
            capture_output=True,
            text=True,
            start_new_session=True,
            timeout=stage.left_s(),
        )
    told = f"cut to {place} bytes: exit {outcome.returncode}, {outcome.stderr.strip()}"
    stage.log(told)
    if outcome.returncode != INVALID:
        raise CellFailure(told)
    if Path(f"/proc/{root}").exists():
        raise CellFailure(f"{told}; a task was left")
