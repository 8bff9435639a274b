"""kill -9 of the engine at some moment of a dump: the program must not notice.

Options: `mode` says who is killed; `delay_ms` when, or `marker`, a file beside the work directory whose appearance is
the moment (the end of the engine is one, too). Nothing may come of it when the engine's main process or
its whole process group is hit. An engine may keep a guardian out of both, a child in a session of its own that
brings the program home; its death, or that of both at once, is an experiment with a rate (see the test).
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Collection, Optional

from harness import procfs, program
from harness.oracle import Snapshot
from harness.oracle.areas import code_areas
from harness.oracle.tree import children, tree
from harness.stage import CellFailure, Stage, command_of, pids_here
from harness.waiting import WaitTimeout, wait_until

MODES = ("engine", "group")
GUARDIAN_MODES = ("guardian", "both")
# Notes that tell what a failure means for the program: it died or failed its own check, or it only carries
# something of the engine's around.
HARMED = "the program was harmed"
MARKED = "the program shows traces"


def killed(stage: Stage) -> None:
    options = stage.spec.options
    stage.start()
    root = stage.tree_root
    before = stage.witness()
    own_code = code_areas(_everybody_else()).keys()
    members = tree(root)
    image = stage.image("1")
    leave_running = bool(options["leave_running"])
    engine = stage.engine.start(stage.engine.dump_argv(root, image, leave_running))
    _wait_for_the_moment(stage, engine)
    hit = _kill(engine, options["mode"])
    _wait_for_end(stage, engine)
    if hit == "nothing" and engine.returncode != 0:
        raise CellFailure(
            f"the dump failed by itself with {engine.returncode}: {stage.engine.said()}"
        )
    _expect_no_strangers(stage, members)
    # At once: nobody is left who could still take it away, and tasks that live for a moment carry it off.
    left = _left_behind(own_code)
    stage.log(f"{hit} killed, image: {image.exists()}")
    stage.notes.append(f"{hit} {'committed' if image.exists() else 'not committed'}")
    stage.expect_only_images()
    if image.exists() and (outcome := stage.engine.verify(image)).code != 0:
        raise CellFailure(f"a bad image under the final name: {outcome.text()}")
    _wait_for_the_dying(stage, members)
    try:
        if _gone(stage, root, members):
            if leave_running or not image.exists():
                raise CellFailure(
                    "the engine was killed, and the program is gone with it"
                )
            stage.running = None
            stage.restore(image, root, foreground=False)
            left = _left_behind(own_code)
        same = _traces(stage, before, f"after the {hit} was killed")
        traces = "; ".join(filter(None, [left, same]))
        _judge_itself(stage, traces)
    except CellFailure:
        stage.notes.append(HARMED)
        raise
    if traces:
        stage.notes.append(MARKED)
        raise CellFailure(traces)


# What brings an image into the world: its bytes, their way to the disk, its name.
STORING = (
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "ftruncate",
    "fallocate",
)
SYNCING = ("fsync", "fdatasync")
NAMING = ("link", "linkat", "rename", "renameat", "renameat2")
REMOVING = ("unlink", "unlinkat")


RENAMING = ("rename", "renameat", "renameat2")


def killed_while_writing(stage: Stage) -> None:
    """Killed on its way into each of these calls: the first of a name, the second, until a dump comes to its end.

    Options: `over`, there is an older image, and after each kill that one or the new one; `tmpfile`, false: the file
    system has no files without a name (old_files.py), so that the new image has to have another name first.
    """
    over = bool(stage.spec.options.get("over"))
    tmpfile = bool(stage.spec.options.get("tmpfile", True))
    stage.engine.surroundings.tmpfile = tmpfile
    stage.start()
    members = tree(stage.tree_root)
    image = stage.image("1")
    if over:
        _dump_killed_at(stage, STORING[0], NEVER, image)
    # Who replaces a file, or cannot make one without a name, has a temporary one for a moment; the next dump removes it.
    temporaries = int(over or not tmpfile)
    kills: dict[str, int] = {}
    committed = left = 0
    for name in (*STORING, *SYNCING, *NAMING, *REMOVING):
        # strace counts each name for itself, so a set of names in one order would end with the first of them.
        for number in itertools.count(1):
            older = _identity(image)
            was_killed = _dump_killed_at(stage, name, number, image)
            _expect_no_strangers(stage, members)
            stage.expect_only_images(temporaries if was_killed else 0)
            left += len(list(stage.images.glob(".*")))
            committed += was_killed and _is_new(stage, image, older, f"{name} {number}")
            if not over:
                stage.engine.discard(image)
            if not was_killed:
                break
            kills[name] = number
    told = ", ".join(f"{name} {number}" for name, number in kills.items())
    stage.notes.append(
        f"killed at each {told}; {committed} images were complete, {left} temporaries left to the next dump"
    )
    calls = [STORING, SYNCING, NAMING] + [RENAMING] * temporaries
    for names in calls:
        if not kills.keys() & set(names):
            raise CellFailure(f"never killed at {' or '.join(names)}, only at: {told}")
    if not committed:
        raise CellFailure(f"no kill came after the commit: {told}")
    stage.go_on()


NEVER = 65535  # strace counts no further, and no dump of a small tree has so many calls of one name


def _identity(image: Path) -> Optional[tuple[int, int]]:
    """Which file has the image's name; a new one is made before an old one is gone, so no two have the same."""
    if not image.exists():
        return None
    found = image.stat()
    return found.st_dev, found.st_ino


def _is_new(
    stage: Stage, image: Path, older: Optional[tuple[int, int]], when: str
) -> bool:
    """After a kill: a new image, or what was there before, an older one or nothing; and each is whole."""
    now = _identity(image)
    if older and not now:
        raise CellFailure(
            f"killed at {when}, it left neither the old nor the new image"
        )
    if now and stage.engine.verify(image).code != 0:
        raise CellFailure(f"killed at {when}, it left a bad image")
    return now != older


def _dump_killed_at(stage: Stage, name: str, number: int, image: Path) -> bool:
    """False when the dump has no such call and came to its end, with a new image."""
    older = _identity(image)
    argv = ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={name}"]
    argv += ["-e", f"inject={name}:signal=KILL:when={number}"]
    outcome = stage.engine.run(
        argv + stage.engine.dump_argv(stage.tree_root, image, True)
    )
    if outcome.code not in (0, -signal.SIGKILL):
        raise CellFailure(f"not killed at {name} {number}: {outcome.text()}")
    if outcome.code == 0 and not image.exists():
        raise CellFailure(f"the dump says success, but there is no {image.name}")
    if outcome.code == 0 and _identity(image) == older:
        raise CellFailure(f"the dump says success, but {image.name} is the old one")
    if outcome.code == 0 and stage.engine.verify(image).code != 0:
        raise CellFailure("the dump says success, but it made a bad image")
    return outcome.code != 0


def _traces(stage: Stage, before: Snapshot, when: str) -> str:
    """What the witness finds; nobody is harmed by it so far."""
    stage.expect_alive(when)
    try:
        stage.expect_same(before, when)
        return ""
    except CellFailure as failure:
        return str(failure)


def _left_behind(own_code: Collection[str]) -> str:
    """In every task, also of programs at work, of which the witness compares next to nothing."""
    found = {
        area: pids
        for area, pids in code_areas(_everybody_else()).items()
        if area not in own_code
    }
    told = ", ".join(
        f"{area} in pid {pids[0]}" + f" and {len(pids) - 1} more" * (len(pids) > 1)
        for area, pids in found.items()
    )
    return f"code that is from no file was left behind: {told}" if found else ""


def _everybody_else() -> list[int]:
    """Of this pid namespace. A walk from parent to child would miss who is handed on meanwhile."""
    return [pid for pid in pids_here() if pid != os.getpid()]


def _judge_itself(stage: Stage, traces: str) -> None:
    try:
        stage.go_on()
    except CellFailure as failure:
        raise CellFailure("; and ".join(filter(None, [traces, str(failure)]))) from None


def _wait_for_the_moment(stage: Stage, engine: subprocess.Popen[bytes]) -> None:
    options = stage.spec.options
    if "marker" not in options:
        time.sleep(options["delay_ms"] / 1000)
        stage.log(f"{options['delay_ms']:.3f} ms after its start:")
        return
    marker = stage.work.parent / options["marker"]
    wait_until(
        lambda: marker.exists() or _ended(engine), str(marker), stage.engine.deadline_s
    )


def _ended(engine: subprocess.Popen[bytes]) -> bool:
    """Leaves it to be awaited."""
    state = os.waitid(os.P_PID, engine.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return state is not None


def _kill(engine: subprocess.Popen[bytes], mode: str) -> str:
    """What was hit; `nothing` if the dump was over before."""
    if mode in GUARDIAN_MODES:
        # Without a helper there was no guardian yet, or none any more.
        if not any([_was_there(helper) for helper in children(engine.pid)]):
            return "nothing"
        if mode == "both":
            os.killpg(engine.pid, signal.SIGKILL)
        return mode
    # One that has ended and was not awaited could be killed, too: that is no hit.
    if _ended(engine):
        return "nothing"
    if mode == "group":
        os.killpg(engine.pid, signal.SIGKILL)
        return "group"
    engine.kill()
    return "engine"


def _was_there(helper: int) -> bool:
    try:
        os.kill(helper, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _wait_for_end(stage: Stage, engine: subprocess.Popen[bytes]) -> None:
    try:
        engine.wait(timeout=min(stage.engine.deadline_s, stage.left_s()))
    except subprocess.TimeoutExpired:
        engine.kill()
        engine.wait()
        raise CellFailure("the engine hangs after its guardian was killed") from None
    stage.log(f"the engine ended with {engine.returncode}: {stage.engine.said()}")


def _expect_no_strangers(stage: Stage, members: list[int]) -> None:
    """Helpers of the engine may finish their work, but not for ever."""
    assert stage.running is not None
    ours = stage.running.ours()

    def strangers() -> set[int]:
        program.reap_orphans(ours)
        # Members by their old pids, too: a half killed tree has come apart.
        known = {os.getpid(), *members, *_tree_if_there(stage.tree_root)}
        return set(pids_here()) - known

    try:
        wait_until(
            lambda: not strangers(), "the engine's helpers to end", 10 * stage.settle_s
        )
    except WaitTimeout:
        names = [f"{pid} {command_of(pid)}" for pid in sorted(strangers())]
        raise CellFailure(f"processes of the engine stay: {names}") from None


# Of its flags in /proc/PID/stat: it is on its way out (include/linux/sched.h).
PF_EXITING = 0x4


def _wait_for_the_dying(stage: Stage, members: list[int]) -> None:
    """Who was killed lives on for a moment: whether the tree is gone is asked when that is over."""
    wait_until(
        lambda: not any(_is_dying(pid) for pid in members),
        "the killed of the tree to end",
        10 * stage.settle_s,
    )


def _is_dying(pid: int) -> bool:
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except FileNotFoundError:
        return False
    return any(_thread_is_dying(f"{pid}/task/{tid}") for tid in threads)


def _thread_is_dying(thread: str) -> bool:
    try:
        state, flags = (procfs.stat_fields(thread)[at] for at in (0, 6))
        status = dict(
            line.partition(":")[::2]
            for line in procfs.text(f"/proc/{thread}/status").splitlines()
        )
    except (FileNotFoundError, ProcessLookupError):
        return False
    # A fatal signal is handed to each thread.
    told = int(status["SigPnd"], 16) >> (signal.SIGKILL - 1) & 1
    return state != "Z" and bool(told or int(flags) & PF_EXITING)


def _tree_if_there(root: int) -> list[int]:
    return tree(root) if Path(f"/proc/{root}").exists() else []


def _gone(stage: Stage, root: int, members: list[int]) -> bool:
    """All or nothing: a half killed tree is the worst of all."""
    assert stage.running is not None
    if stage.running.ended() is None:
        return False
    program.reap_orphans(stage.running.ours())
    if there := [
        pid for pid in members if pid != root and os.path.exists(f"/proc/{pid}")
    ]:
        raise CellFailure(f"the root is gone, but of its tree {there} are there")
    return True
