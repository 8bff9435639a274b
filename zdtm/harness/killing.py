"""kill -9 of the engine at some moment of a dump: the program must not notice.

Options: `mode` says who is killed and `delay_ms` when. Nothing may come of it when the engine's main process or
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

from harness import program
from harness.oracle import Snapshot
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
    members = tree(root)
    image = stage.image("1")
    leave_running = bool(options["leave_running"])
    engine = stage.engine.start(stage.engine.dump_argv(root, image, leave_running))
    time.sleep(options["delay_ms"] / 1000)
    hit = _kill(stage, engine, options["mode"])
    _wait_for_end(stage, engine)
    _expect_no_strangers(stage, members)
    stage.log(
        f"{hit} killed after {options['delay_ms']:.3f} ms, image: {image.exists()}"
    )
    stage.notes.append(f"{hit} {'committed' if image.exists() else 'not committed'}")
    stage.expect_only_images()
    if image.exists() and (outcome := stage.engine.verify(image)).code != 0:
        raise CellFailure(f"a bad image under the final name: {outcome.text()}")
    try:
        if _gone(stage, root, members):
            if leave_running or not image.exists():
                raise CellFailure(
                    "the engine was killed, and the program is gone with it"
                )
            stage.running = None
            stage.restore(image, root, foreground=False)
        traces = _traces(stage, before, f"after the {hit} was killed")
        _judge_itself(stage, traces)
    except CellFailure:
        stage.notes.append(HARMED)
        raise
    if traces:
        stage.notes.append(MARKED)
        raise CellFailure(traces)


# What brings an image into the world.
WRITING = "write,writev,pwrite64,pwritev,pwritev2,ftruncate,fallocate,fsync,fdatasync,link,linkat,rename,renameat,renameat2,unlink,unlinkat"


def killed_while_writing(stage: Stage) -> None:
    """Killed on its way into the first of these calls, the second, and so on, until a dump comes to its end."""
    stage.start()
    root = stage.tree_root
    members = tree(root)
    image = stage.image("1")
    committed = 0
    for number in itertools.count(1):
        injected = f"inject={WRITING}:signal=KILL:when={number}"
        argv = ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={WRITING}"]
        argv += ["-e", injected, *stage.engine.dump_argv(root, image, True)]
        outcome = stage.engine.run(argv)
        _expect_no_strangers(stage, members)
        stage.expect_only_images()
        if image.exists():
            committed += 1
            if stage.engine.verify(image).code != 0:
                raise CellFailure(f"killed at call {number}, it left a bad image")
            stage.engine.discard(image)
        if outcome.code == 0:
            break
        if outcome.code != -signal.SIGKILL:
            raise CellFailure(f"not killed at call {number}: {outcome.text()}")
    stage.notes.append(
        f"killed at each of {number - 1} calls, {committed} images were complete"
    )
    if number < 5 or not committed:
        raise CellFailure(f"only {number - 1} calls, {committed} images")
    stage.go_on()


def _traces(stage: Stage, before: Snapshot, when: str) -> str:
    """What the witness finds; nobody is harmed by it so far."""
    stage.expect_alive(when)
    try:
        stage.expect_same(before, when)
        return ""
    except CellFailure as failure:
        return str(failure)


def _judge_itself(stage: Stage, traces: str) -> None:
    try:
        stage.go_on()
    except CellFailure as failure:
        raise CellFailure("; and ".join(filter(None, [traces, str(failure)]))) from None


def _kill(stage: Stage, engine: subprocess.Popen[bytes], mode: str) -> str:
    """What was hit; `nothing` if the dump was over before."""
    try:
        if mode in GUARDIAN_MODES:
            helpers = children(engine.pid)
            for helper in helpers:
                os.kill(helper, signal.SIGKILL)
            if mode == "both":
                os.killpg(engine.pid, signal.SIGKILL)
            # Without a helper there was no guardian yet, or none any more.
            return mode if helpers else "nothing"
        # One that has ended and was not awaited could be killed, too: that is no hit.
        if os.waitid(os.P_PID, engine.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return "nothing"
        if mode == "group":
            os.killpg(engine.pid, signal.SIGKILL)
            return "group"
        engine.kill()
        return "engine"
    except OSError:
        pass
    return "nothing"


def _wait_for_end(stage: Stage, engine: subprocess.Popen[bytes]) -> None:
    try:
        engine.wait(timeout=min(10.0, stage.left_s()))
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
