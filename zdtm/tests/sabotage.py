"""Engines with a planted defect. The harness must catch each of them.

They checkpoint nothing: the tree simply goes on, which is a perfect `--leave-running`, and then the defect is added.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Optional

from harness import isolation, procfs
from harness.engines.base import Engine, Outcome, Running
from harness.oracle.tree import tree
from harness.stage import not_traced
from harness.waiting import wait_until

SYS_PIDFD_OPEN, SYS_PIDFD_GETFD = 434, 438
_libc = ctypes.CDLL(None, use_errno=True)


def outcome(code: int, output: str = "", errors: str = "") -> Outcome:
    return Outcome(["planted"], code, output, errors, 0.0)


class DoesNothing(Engine):
    """The control: dump with --leave-running and check are honest, there is no restore."""

    not_offered = frozenset({"restore"})

    def dump(self, pid: int, image: Path, leave_running: bool) -> Outcome:
        image.write_text("an image\n")
        self.plant(pid, image)
        return outcome(0)

    def plant(self, pid: int, image: Path) -> None:
        pass

    def through_pipes(self, parent: Optional[Path] = None) -> None:
        pass

    def check(self, pid: int) -> Outcome:
        return outcome(0)


class PromisesToRestore(DoesNothing):
    not_offered = frozenset()


class WritesNothing(DoesNothing):
    def plant(self, pid: int, image: Path) -> None:
        image.unlink()


class Fails(DoesNothing):
    """Also a control: a dump may fail, if it does so without harm."""

    def dump(self, pid: int, image: Path, leave_running: bool) -> Outcome:
        self.plant(pid, image)
        return outcome(1, errors="the disk is full")


class ComesTooLate(DoesNothing):
    """No defect: the program ended between the last look and the freeze."""

    def dump(self, pid: int, image: Path, leave_running: bool) -> Outcome:
        wait_until(
            lambda: procfs.stat_fields(pid)[0] == "Z", "its end", self.deadline_s
        )
        return outcome(1, errors=f"pid {pid} has ended; nothing of the tree is left")


class FailsAndKills(Fails):
    def plant(self, pid: int, image: Path) -> None:
        os.kill(pid, signal.SIGKILL)


class KillsButSaysSuccess(DoesNothing):
    def plant(self, pid: int, image: Path) -> None:
        os.kill(pid, signal.SIGKILL)


class KillsAChild(DoesNothing):
    def plant(self, pid: int, image: Path) -> None:
        os.kill(tree(pid)[-1], signal.SIGKILL)


class MovesPosition(DoesNothing):
    """What a restore with a wrong offset would look like: the description is the program's own."""

    def plant(self, pid: int, image: Path) -> None:
        pidfd = _libc.syscall(SYS_PIDFD_OPEN, pid, 0)
        for name in os.listdir(f"/proc/{pid}/fd"):
            if os.readlink(f"/proc/{pid}/fd/{name}").endswith("/data"):
                copy = _libc.syscall(SYS_PIDFD_GETFD, pidfd, int(name), 0)
                os.lseek(copy, 1, os.SEEK_CUR)
                os.close(copy)
        os.close(pidfd)


class LosesSignal(DoesNothing):
    def plant(self, pid: int, image: Path) -> None:
        os.kill(pid, signal.SIGCONT)  # the kernel then drops a pending SIGTSTP


class AddsSignal(DoesNothing):
    def plant(self, pid: int, image: Path) -> None:
        os.kill(
            tree(pid)[-1], signal.SIGUSR2 if len(tree(pid)) == 1 else signal.SIGTSTP
        )


class ChangesLimit(DoesNothing):
    def plant(self, pid: int, image: Path) -> None:
        import resource

        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft - 1, hard))


class ChangesLimitOfLast(ChangesLimit):
    def plant(self, pid: int, image: Path) -> None:
        super().plant(tree(pid)[-1], image)


class ChangesNice(DoesNothing):
    def plant(self, pid: int, image: Path) -> None:
        os.setpriority(os.PRIO_PROCESS, pid, 5)


class ChangesAffinity(DoesNothing):
    def plant(self, pid: int, image: Path) -> None:
        os.sched_setaffinity(pid, {min(os.sched_getaffinity(pid))})


class StopsTree(DoesNothing):
    def plant(self, pid: int, image: Path) -> None:
        os.kill(pid, signal.SIGSTOP)


class StaysTracer(DoesNothing):
    """Its guardian never lets go."""

    def plant(self, pid: int, image: Path) -> None:
        PTRACE_SEIZE = 0x4206
        if os.fork() == 0:
            _libc.ptrace(PTRACE_SEIZE, pid, None, None)
            time.sleep(3600)
        wait_until(lambda: not not_traced(pid), "a tracer", self.deadline_s)


class LeavesDaemon(DoesNothing):
    def plant(self, pid: int, image: Path) -> None:
        subprocess.Popen(["/bin/sleep", "3600"], start_new_session=True)


class LeavesPartial(DoesNothing):
    def plant(self, pid: int, image: Path) -> None:
        image.with_suffix(".partial").write_text("litter\n")


class LeavesTemporary(DoesNothing):
    def plant(self, pid: int, image: Path) -> None:
        (self.surroundings.temporary / "litter").touch()


class LeavesMount(DoesNothing):
    def plant(self, pid: int, image: Path) -> None:
        isolation.mount("tmpfs", "/mnt", "tmpfs", 0)


class LeavesSharedMemory(DoesNothing):
    def plant(self, pid: int, image: Path) -> None:
        Path("/dev/shm/litter").touch()


class LeavesSystemV(DoesNothing):
    """`kind`: shm, sem or msg."""

    def plant(self, pid: int, image: Path) -> None:
        IPC_PRIVATE = 0
        make = {
            "shm": lambda: _libc.shmget(IPC_PRIVATE, 4096, 0o600),
            "sem": lambda: _libc.semget(IPC_PRIVATE, 1, 0o600),
            "msg": lambda: _libc.msgget(IPC_PRIVATE, 0o600),
        }
        assert make[self.options["kind"]]() >= 0


class ChangesFiles(DoesNothing):
    """In a way that no descriptor or mapping of the program shows."""

    def plant(self, pid: int, image: Path) -> None:
        Path(f"/proc/{pid}/cwd/litter").touch()


class VerifyComplains(DoesNothing):
    def verify(self, image: Path) -> Outcome:
        return outcome(4, errors="bad checksum")


class CheckComplains(DoesNothing):
    def check(self, pid: int) -> Outcome:
        return outcome(3, errors="a blocker that is none")


class StartsAnew(DoesNothing):
    """The laziest restore: the program from its beginning, with the right pid."""

    def dump(self, pid: int, image: Path, leave_running: bool) -> Outcome:
        image.write_text(
            os.readlink(f"/proc/{pid}/exe") + "\n" + os.readlink(f"/proc/{pid}/cwd")
        )
        if not leave_running:
            for member in tree(pid):
                os.kill(member, signal.SIGKILL)
        return outcome(0)

    def restore_detached(self, image: Path, root: int) -> tuple[Outcome, Running]:
        from harness import program

        binary, work = image.read_text().splitlines()
        Path("/proc/sys/kernel/ns_last_pid").write_text(str(root - 1))
        pid = program.start(binary, [], Path(work), slowness=1)
        return outcome(0), Running(pid)


class RestoresOnCopies(StartsAnew):
    """Each file of the program has become another one with the same name and content."""

    def restore_detached(self, image: Path, root: int) -> tuple[Outcome, Running]:
        work = Path(image.read_text().splitlines()[1])
        for file in list(work.iterdir()):
            copy = file.with_suffix(".copy")
            shutil.copy2(file, copy)
            copy.rename(file)
        return super().restore_detached(image, root)


class EndsAfterRestore(StartsAnew):
    """No defect: what was left of a job was done before anybody looked."""

    script = "echo done"

    def restore_detached(self, image: Path, root: int) -> tuple[Outcome, Running]:
        from harness import program

        binary, work = image.read_text().splitlines()
        pid = program.start(binary, ["-c", self.script], Path(work), slowness=1)
        wait_until(
            lambda: procfs.stat_fields(pid)[0] == "Z", "its end", self.deadline_s
        )
        return outcome(0), Running(pid)


class EndsUndone(EndsAfterRestore):
    script = "echo nothing"


class RestoresNothing(StartsAnew):
    def restore_detached(self, image: Path, root: int) -> tuple[Outcome, Running]:
        return outcome(0), Running(root)


class ForksInAPipeline(StartsAnew):
    """Behind a shell, a fork of the engine with the root's pid, in which nothing is restored yet."""

    def restore_foreground(self, image: Path, root: int) -> Running:
        script = (
            f"open('/proc/sys/kernel/ns_last_pid', 'w').write('{root - 1}')\n"
            "import os, time\n"
            "os.fork()\n"
            "time.sleep(3600)\n"
        )
        line = ["/bin/sh", "-c", 'cat "$0" | "$@"', str(image), self.program]
        return Running(root, self.start([*line, "-c", script]))


class RestoreFailsAndLeaves(StartsAnew):
    def restore_detached(self, image: Path, root: int) -> tuple[Outcome, Running]:
        subprocess.Popen(["/bin/sleep", "3600"])
        return outcome(1, errors="pid taken"), Running(root)


class DoesNotEnd(StartsAnew):
    """Says the tree has ended, but it goes on."""

    def dump(self, pid: int, image: Path, leave_running: bool) -> Outcome:
        return super().dump(pid, image, leave_running=True)


class EndsHalf(StartsAnew):
    """Ends the root and forgets a child."""

    def dump(self, pid: int, image: Path, leave_running: bool) -> Outcome:
        done = super().dump(pid, image, leave_running=True)
        if not leave_running:
            os.kill(pid, signal.SIGKILL)
        return done


class Refuses(Engine):
    """The control of refusals: everything is as it must be. `but` plants what is not."""

    def report(self, pid: int) -> dict[str, Any]:
        blocker = {
            "pid": pid,
            "kind": "planted",
            "where": "fd 3",
            "reason": "cannot be carried",
        }
        for name in self.options.get("drop", []):
            del blocker[name]
        blocker.update(self.options.get("change", {}))
        blockers = [blocker]
        if kinds := self.options.get("kinds"):
            blockers = [{**blocker, "kind": kind} for kind in kinds]
        return {
            "error": {
                "kind": "unsupported",
                "message": f"{len(blockers)} blockers",
                "blockers": blockers,
            }
        }

    def check(self, pid: int) -> Outcome:
        return outcome(self.options.get("check_code", 3), json.dumps(self.report(pid)))

    def dump(self, pid: int, image: Path, leave_running: bool) -> Outcome:
        if self.options.get("writes"):
            image.touch()
        if self.options.get("kills") == ("and leaves" if leave_running else "and ends"):
            os.kill(pid, signal.SIGKILL)
        return outcome(self.options.get("dump_code", 3), json.dumps(self.report(pid)))

    def blockers(self, outcome: Outcome) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = outcome.json()["error"]["blockers"]
        return found
