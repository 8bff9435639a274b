"""One workload as a running program: start it, wait for its READY, tell it to go on, see how it ends."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Optional

from harness import procfs
from harness.engines.base import Running
from harness.presence import feature_name
from harness.waiting import WaitTimeout, wait_until

SIGSUSPEND = {"130", "179", "72"}  # rt_sigsuspend 64, rt_sigsuspend 32, sigsuspend 32

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C", "HOME": "/"}


class ProgramError(Exception):
    """The workload itself did not do what its protocol says."""


class MissingFeature(Exception):
    """This machine lacks what is needed: the message is its name."""


SKIPS = "SKIP: missing "


def timed_s(slowness: int) -> float:
    """How long timed calls of programs last: longer than three checkpoints take, also where everything is slow."""
    return 7.0 + 2.0 * (slowness - 1)


def start(program: str, argv: list[str], work: Path, slowness: int) -> int:
    """As the protocol wants it: leader of a session, stdin empty, one file for what it says.

    When it returns the program is executed: nobody dumps a fork of the harness.
    """
    null = os.open("/dev/null", os.O_RDONLY)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    executed, executing = os.pipe()  # closed on exec, both
    pid = os.fork()
    if pid:
        os.close(null)
        os.close(executing)
        os.read(executed, 1)  # its end, when the other is closed everywhere
        os.close(executed)
        return pid
    try:
        os.setsid()
        os.chdir(work)
        os.dup2(null, 0)
        out = os.open("out.txt", flags, 0o644)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.closerange(3, executing)
        os.closerange(executing + 1, 1024)
        os.umask(0o022)
        # Run with nice(1) or taskset(1) the matrix would give its programs state that engines refuse.
        os.setpriority(os.PRIO_PROCESS, 0, 0)
        os.sched_setaffinity(0, range(os.sysconf("SC_NPROCESSORS_CONF")))
        # What Python ignores at its start must not be inherited.
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        os.execve(
            program,
            [program, *argv],
            {**ENVIRONMENT, "ZDTM_TIMED_MS": f"{timed_s(slowness) * 1000:.0f}"},
        )
    finally:
        os._exit(126)


def said(work: Path) -> list[str]:
    try:
        return (work / "out.txt").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []


def wait_ready(program: Running, work: Path, deadline_s: float) -> None:
    def probe() -> Optional[str]:
        # Ask for the end first: what it said before it ended is then complete.
        code = program.ended()
        lines = said(work)
        if "READY" in lines and code is None:
            return "ready"
        if code == 77:
            told = [x.removeprefix(SKIPS) for x in lines if x.startswith(SKIPS)]
            if not told:
                raise ProgramError(f"it skips and does not say why: {lines[-3:]}")
            raise MissingFeature(feature_name(told[0]))
        if code is not None:
            raise ProgramError(
                f"it ended with {code} before the checkpoint: {lines[-3:]}"
            )
        return None

    wait_until(probe, "the program's READY", deadline_s)


def waits_for_signal(root: int) -> bool:
    try:
        return procfs.text(f"/proc/{root}/syscall").split()[0] in SIGSUSPEND
    except (OSError, IndexError):
        return False


def wait_quiet(root: int, deadline_s: float) -> None:
    wait_until(
        lambda: waits_for_signal(root), "the root to wait in sigsuspend", deadline_s
    )


def finish(program: Running, work: Path, deadline_s: float) -> None:
    """Raises unless it exits with 0 and PASS is the very last thing said."""

    def probe() -> Optional[list[int]]:
        reap_orphans(program.ours())
        code = program.ended()
        return None if code is None else [code]

    try:
        code = wait_until(probe, "the program to end", deadline_s)[0]
    except WaitTimeout as late:
        raise ProgramError(
            f"{late}; it said {said(work)[-3:]}; {where_it_hangs(program.root)}"
        )
    lines = said(work)
    if code != 0 or lines[-1:] != ["PASS"] or lines.count("PASS") != 1:
        raise ProgramError(
            f"it ended with {name_of(code)}, its last words: {lines[-5:]}"
        )
    if lines.count("READY") != 1:
        raise ProgramError(f"it said READY {lines.count('READY')} times")


def name_of(code: int) -> str:
    if code > 128:
        try:
            return signal.Signals(code - 128).name
        except ValueError:
            pass
    return f"exit {code}"


def where_it_hangs(root: int) -> str:
    from harness.oracle.tree import tree

    parts = []
    for pid in tree(root):
        try:
            state = procfs.stat_fields(pid)[0]
            call = procfs.text(f"/proc/{pid}/syscall").split()[0]
            parts.append(f"pid {pid} state {state} syscall {call}")
        except (OSError, IndexError):
            continue
    return ", ".join(parts) or "no task left"


def reap_orphans(known: set[int]) -> None:
    """The runner is the init of its pid namespace: tasks whose parents died come to it."""
    me = os.getpid()
    for name in procfs.text(f"/proc/{me}/task/{me}/children").split():
        if int(name) in known:
            continue
        try:
            state = procfs.stat_fields(name)[0]
        except OSError:
            continue
        if state == "Z":
            try:
                os.waitpid(int(name), os.WNOHANG)
            except ChildProcessError:
                pass
