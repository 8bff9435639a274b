"""Real programs that know nothing of any protocol: their output says whether all went well.

Options of interrupted ones: `delay_ms`, and `expected` (the digest of what an undisturbed run leaves).
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from harness import program
from harness.program import ProgramError
from harness.engines.base import Running
from harness.stage import CellFailure, Stage
from harness.waiting import wait_until


# The note of a cell whose moment was behind the end of the work: nothing is proven, nothing is wrong.
TOO_LATE = "too late"


def undisturbed(stage: Stage) -> None:
    began = time.monotonic()
    _start(stage)
    _wait_end(stage)
    stage.timings_ms["work"] = (time.monotonic() - began) * 1000
    stage.notes.append(digest(stage.work))


def interrupted(stage: Stage) -> None:
    options = stage.spec.options
    stage.proof = lambda: _prove(stage)
    _start(stage)
    root = stage.tree_root
    pause = options["delay_ms"] / 1000
    time.sleep(pause)
    if stage.running is not None and stage.running.ended() is not None:
        raise _too_late(stage, f"it ended within {pause:.3f} s, before the dump")
    image = stage.image("1")
    stage.log(f"seed {stage.spec.seed}: dump after {pause * 1000:.1f} ms of work")
    try:
        stage.dump(image, leave_running=False)
    except CellFailure as failure:
        # The engine came later than our own look; the failure has seen to it that the output is right.
        if stage.running is None and "has ended; nothing of the tree is left" in str(
            failure
        ):
            raise _too_late(stage, str(failure)) from None
        raise
    stage.restore(image, root, foreground=False, may_end=True)
    _prove(stage)


def _too_late(stage: Stage, reason: str) -> ProgramError:
    stage.notes.append(TOO_LATE)
    return ProgramError(reason)


def _prove(stage: Stage) -> None:
    options = stage.spec.options
    _wait_end(stage)
    if (found := digest(stage.work)) != options["expected"]:
        raise CellFailure(
            f"the output is not that of an undisturbed run: {found}, not {options['expected']};"
            f" it begins with {program.said(stage.work)[:5]}"
        )


def _start(stage: Stage) -> None:
    pid = program.start(
        stage.spec.program, stage.spec.argv, stage.work, stage.spec.slowness
    )
    stage.running = Running(pid)
    stage.log(f"started {stage.spec.program} {' '.join(stage.spec.argv)} as pid {pid}")


def _wait_end(stage: Stage) -> None:
    assert stage.running is not None
    running = stage.running

    def ended() -> list[int]:
        program.reap_orphans(running.ours())
        code = running.ended()
        return [] if code is None else [code]

    code = wait_until(ended, "the program to end", stage.left_s())[0]
    stage.running = None
    if code != 0:
        raise CellFailure(
            f"it ended with {program.name_of(code)}: {program.said(stage.work)[-5:]}"
        )


def digest(work: Path) -> str:
    """Of all files it leaves, names and contents."""
    total = hashlib.sha256()
    for path in sorted(work.rglob("*")):
        if path.is_file():
            total.update(
                os.fsencode(path.relative_to(work)) + b"\0" + path.read_bytes() + b"\0"
            )
    return total.hexdigest()
