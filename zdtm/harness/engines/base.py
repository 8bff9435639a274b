"""What the scenarios ask of an engine."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from harness import isolation
from harness.old_files import refuse_tmpfile


class NotOffered(Exception):
    """This engine has no such operation; where its adapter says so, the cell is skipped by name."""


@dataclass
class Outcome:
    """How one run of an engine's program ended."""

    argv: list[str]
    code: int
    output: str
    errors: str
    seconds: float

    def json(self) -> dict[str, Any]:
        """The one JSON object on its output; an empty dict if there is none."""
        try:
            found = json.loads(self.output)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def text(self) -> str:
        return (
            f"$ {' '.join(self.argv)}\n"
            f"exit {self.code} after {self.seconds * 1000:.1f} ms\n{self.output}{self.errors}"
        )


@dataclass
class Surroundings:
    """What the engine's own process looks like. Nothing of it may leak into the restored tree."""

    cwd: Path
    temporary: Path
    hostile: bool = True
    tmpfile: bool = True  # files can be made that have no name

    def variables(self) -> dict[str, str]:
        return {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.temporary),
            "ENGINE_ONLY": "this must not appear in the restored tree",
        }

    def enter_to_restore(self) -> None:
        """What a dump compares the tree with, too, must be odd only afterwards."""
        if not self.hostile:
            return
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        os.setgroups([4242])
        isolation.prctl(isolation.PR_SET_THP_DISABLE, 1)
        self.enter()

    def enter(self) -> None:
        """Runs between fork and exec: odd attributes that a careless engine would hand on."""
        # subprocess gives the engine its own session, so a whole-group kill reaches all of it.
        if not self.tmpfile:
            refuse_tmpfile()
        if not self.hostile:
            return
        os.umask(0o077)
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        os.nice(3)
        isolation.prctl(isolation.PR_SET_TIMERSLACK, 12345)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGWINCH, signal.SIGRTMIN + 5})
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(1000, hard), hard))
        resource.setrlimit(
            resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1])
        )
        null = os.open("/dev/null", os.O_RDONLY)
        os.dup2(null, 63, inheritable=True)


class Running:
    """A tree that runs, started or restored, and the way to learn how its root ends."""

    def __init__(
        self, root: int, engine: Optional[subprocess.Popen[bytes]] = None
    ) -> None:
        self.root = root
        self.engine = engine  # in the foreground: it ends with the root's status

    def ours(self) -> set[int]:
        """The children that only this object may wait for."""
        return {self.root} | ({self.engine.pid} if self.engine else set())

    def ended(self) -> Optional[int]:
        """None while it lives; else its exit code, or 128 + signal."""
        if self.engine is not None:
            code = self.engine.poll()
            return code if code is None or code >= 0 else 128 - code
        try:
            pid, status = os.waitpid(self.root, os.WNOHANG)
        except ChildProcessError:
            # Not our child (yet): between its parent's end and our adoption, or the engine lied.
            return None if os.path.exists(f"/proc/{self.root}") else -1
        if pid == 0:
            return None
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code


class Engine:
    """The base is the engine `none`: it offers nothing, which is enough for native runs."""

    hostile = True  # run it with odd attributes of its own
    # The operations (as NotOffered names them) for the lack of which a cell is skipped; all others are promised.
    not_offered: frozenset[str] = frozenset()

    def __init__(self, program: str, **options: Any) -> None:
        self.program = program
        self.options = options
        self.surroundings = Surroundings(Path("/"), Path("/tmp"), self.hostile)
        self.deadline_s = 60.0
        self.runs: list[Outcome] = []

    # -- operations ------------------------------------------------------------------------------

    def dump(self, pid: int, image: Path, leave_running: bool) -> Outcome:
        raise NotOffered("dump")

    def dump_argv(self, pid: int, image: Path, leave_running: bool) -> list[str]:
        """The command itself, for tests that do something to it while it runs."""
        raise NotOffered("dump as a command")

    def restore_detached(self, image: Path, root: int) -> tuple[Outcome, Running]:
        raise NotOffered("restore")

    def restore_foreground(self, image: Path, root: int) -> Running:
        raise NotOffered("restore in the foreground")

    def through_pipes(self, parent: Optional[Path] = None) -> None:
        """From now on images are written to pipes and read from them; what is as in the parent is inherited."""
        raise NotOffered("streams")

    def check(self, pid: int) -> Outcome:
        raise NotOffered("check")

    def verify(self, image: Path) -> Outcome:
        raise NotOffered("verify")

    def blockers(self, outcome: Outcome) -> list[dict[str, Any]]:
        raise NotOffered("named refusals")

    def discard(self, image: Path) -> None:
        """Removes one image, whatever its form."""
        if image.is_dir():
            shutil.rmtree(image)
        elif image.exists():
            image.unlink()

    # -- how a program of an engine is run -------------------------------------------------------

    def start(
        self, argv: list[str], to_restore: bool = False
    ) -> subprocess.Popen[bytes]:
        # Into files, not pipes: a daemon that keeps our pipe open must not make us wait.
        output, errors = self._outputs()
        with open(output, "wb") as out, open(errors, "wb") as err:
            return subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=self.surroundings.cwd,
                env=self.surroundings.variables(),
                start_new_session=True,
                preexec_fn=self.surroundings.enter_to_restore
                if to_restore
                else self.surroundings.enter,
            )

    def _outputs(self) -> tuple[Path, Path]:
        beside = self.surroundings.temporary.parent
        return beside / "engine.out", beside / "engine.err"

    def said(self) -> str:
        """By the program started last."""
        return "".join(path.read_text(errors="replace") for path in self._outputs())

    def run(self, argv: list[str], to_restore: bool = False) -> Outcome:
        began = time.monotonic()
        process = self.start(argv, to_restore)
        told = ""
        try:
            code = process.wait(timeout=self.deadline_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
            told = f"\n(killed: no end after {self.deadline_s:g} s)\n"
        seconds = time.monotonic() - began
        output, errors = (path.read_text(errors="replace") for path in self._outputs())
        outcome = Outcome(argv, code, output, errors + told, seconds)
        self.runs.append(outcome)
        return outcome
