"""CRIU, as a second engine: it validates the harness, and cells can be compared.

An image is a directory. The restored root becomes the child of the caller, so its status is seen.
"""

from __future__ import annotations

from pathlib import Path

from harness.engines.base import Engine, Outcome, Running


class Criu(Engine):
    not_offered = frozenset({"check", "streams"})
    hostile = False  # it needs more descriptors than the odd limit allows, and hands its nice value on

    def dump(self, pid: int, image: Path, leave_running: bool) -> Outcome:
        outcome = self.run(self.dump_argv(pid, image, leave_running))
        return self._with_log(outcome, image / "dump.log")

    def dump_argv(self, pid: int, image: Path, leave_running: bool) -> list[str]:
        image.mkdir(exist_ok=True)
        argv = [
            self.program,
            "dump",
            "-t",
            str(pid),
            "-D",
            str(image),
            "-o",
            "dump.log",
        ]
        # The cgroups of the cell are the host's business.
        return argv + ["--manage-cgroups=ignore"] + ["--leave-running"] * leave_running

    def restore_detached(self, image: Path, root: int) -> tuple[Outcome, Running]:
        argv = [self.program, "restore", "-D", str(image), "-o", "restore.log"]
        argv += ["--restore-detached", "--restore-sibling", "--manage-cgroups=ignore"]
        return self._with_log(self.run(argv), image / "restore.log"), Running(root)

    @staticmethod
    def _with_log(outcome: Outcome, log: Path) -> Outcome:
        if outcome.code != 0 and log.exists():
            lines = log.read_text(errors="replace").splitlines()
            worst = [line for line in lines if "Error" in line or "Warn" in line]
            outcome.errors += "\n".join(worst[-20:]) + "\n"
        return outcome
