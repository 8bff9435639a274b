"""The engine of this project, through its command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.engines.base import Engine, Outcome, Running


class Cr(Engine):
    def dump(self, pid: int, image: Path, leave_running: bool) -> Outcome:
        return self.run(self.dump_argv(pid, image, leave_running))

    def dump_argv(self, pid: int, image: Path, leave_running: bool) -> list[str]:
        argv = [self.program, "dump", str(pid), "-o", str(image), "--json"]
        argv += ["--deadline", f"{self.deadline_s:g}"]
        argv += ["--executable"] * self._executable
        return argv + ["--leave-running"] * leave_running

    def restore_detached(self, image: Path, root: int) -> tuple[Outcome, Running]:
        pidfile = self.surroundings.temporary.parent / "pidfile"
        pidfile.unlink(missing_ok=True)
        outcome = self.run(
            [
                *self._restore_argv(image),
                "--detach",
                "--pidfile",
                str(pidfile),
                "--json",
            ]
        )
        if outcome.code == 0:
            told = pidfile.read_text().strip() if pidfile.exists() else "nothing"
            if told != str(root):
                outcome.code = -1
                outcome.errors += f"\n(the pid file says {told}, the root is {root})\n"
        return outcome, Running(root)

    def restore_foreground(self, image: Path, root: int) -> Running:
        return Running(root, self.start(self._restore_argv(image)))

    @property
    def _executable(self) -> bool:
        """Images are run, and not given to the program. Requires: it is registered with the kernel."""
        return bool(self.options.get("executable"))

    def _restore_argv(self, image: Path) -> list[str]:
        return (
            [str(image)] if self._executable else [self.program, "restore", str(image)]
        )

    def check(self, pid: int) -> Outcome:
        return self.run([self.program, "check", str(pid), "--json"])

    def verify(self, image: Path) -> Outcome:
        return self.run([self.program, "verify", str(image), "--json"])

    def blockers(self, outcome: Outcome) -> list[dict[str, Any]]:
        error = outcome.json().get("error", {})
        found = error.get("blockers", []) if error.get("kind") == "unsupported" else []
        return [blocker for blocker in found if isinstance(blocker, dict)]
