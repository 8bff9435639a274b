"""The engine of this project, through its command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from harness.engines.base import Engine, Outcome, Running


# What the shell is given after the script: the image's path and the command.
TO_PIPE = """
mkfifo "$0.pipe" || exit
cat <"$0.pipe" >"$0" &
"$@" >"$0.pipe"
code=$?
wait
rm "$0.pipe"
[ $code = 0 ] || rm "$0"
exit $code
"""
FROM_PIPE = 'cat "$0" | "$@"'


class Cr(Engine):
    def __init__(self, program: str, **options: Any) -> None:
        super().__init__(program, **options)
        self._piped = False
        self._parent: Optional[Path] = None

    def through_pipes(self, parent: Optional[Path] = None) -> None:
        self._piped = True
        self._parent = parent

    def dump(self, pid: int, image: Path, leave_running: bool) -> Outcome:
        return self.run(self.dump_argv(pid, image, leave_running))

    def dump_argv(self, pid: int, image: Path, leave_running: bool) -> list[str]:
        target = "-" if self._piped else str(image)
        argv = [self.program, "dump", str(pid), "-o", target, "--json"]
        argv += ["--deadline", f"{self.deadline_s:g}"]
        argv += ["--executable"] * self._executable
        argv += ["--leave-running"] * leave_running
        argv += ["--compress", "1"] * (
            self._piped or bool(self.options.get("compress"))
        )
        argv += ["--parent", str(self._parent)] if self._parent else []
        return ["sh", "-c", TO_PIPE, str(image), *argv] if self._piped else argv

    def restore_detached(self, image: Path, root: int) -> tuple[Outcome, Running]:
        pidfile = self.surroundings.temporary.parent / "pidfile"
        pidfile.unlink(missing_ok=True)
        options = ["--detach", "--pidfile", str(pidfile), "--json"]
        outcome = self.run([*self._restore_argv(image), *options], to_restore=True)
        if outcome.code == 0:
            told = pidfile.read_text().strip() if pidfile.exists() else "nothing"
            if told != str(root):
                outcome.code = -1
                outcome.errors += f"\n(the pid file says {told}, the root is {root})\n"
        return outcome, Running(root)

    def restore_foreground(self, image: Path, root: int) -> Running:
        return Running(root, self.start(self._restore_argv(image), to_restore=True))

    @property
    def _executable(self) -> bool:
        """Images are run, and not given to the program. Requires: it is registered with the kernel."""
        return bool(self.options.get("executable"))

    def _restore_argv(self, image: Path) -> list[str]:
        if self._piped:
            return ["sh", "-c", FROM_PIPE, str(image), self.program, "restore", "-"]
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
