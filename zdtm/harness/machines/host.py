"""This machine, as it is. Needs root: namespaces, ptrace, pids chosen by the restorer."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

from harness.cells import CellResult, CellSpec
from harness.fetch.criu import criu_program
from harness.fetch.debian import FetchError
from harness.machines.base import Machine, MachineLost, MachineUnusable, Slot

PACKAGE_ROOT = Path(__file__).resolve().parents[2]
# The interpreter of the distribution: a cell needs nothing that others brought along.
PYTHON = "/usr/bin/python3"
GRACE_S = 20.0


class HostSlot(Slot):
    def __init__(self) -> None:
        path = os.pathsep.join([str(PACKAGE_ROOT), *filter(None, sys.path)])
        self._agent = subprocess.Popen(
            [PYTHON, "-m", "harness.agent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "PYTHONPATH": path,
                "LANG": "C.UTF-8",
            },
            start_new_session=True,
        )
        assert self._agent.stdin and self._agent.stdout
        self._orders, self._results = self._agent.stdin, self._agent.stdout

    def run(self, spec: CellSpec) -> CellResult:
        try:
            self._orders.write(spec.to_json().encode() + b"\n")
            self._orders.flush()
        except BrokenPipeError:
            raise MachineLost(f"the agent ended with {self._agent.wait()}") from None
        # The agent keeps the deadline itself; this one is for an agent that hangs.
        if not select.select([self._results], [], [], spec.deadline_s + GRACE_S)[0]:
            self.close()
            raise MachineLost("the agent does not answer")
        line = self._results.readline()
        if not line:
            raise MachineLost(f"the agent ended with {self._agent.wait()}")
        return CellResult.from_json(line.decode())

    def problems(self) -> list[str]:
        return []  # the host's kernel log belongs to everything that runs here

    def shell(self, folder: str) -> None:
        subprocess.run(["bash"], cwd=folder or "/")

    def close(self) -> None:
        self._orders.close()
        try:
            self._agent.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._agent.kill()
            self._agent.wait()
        self._results.close()


class HostMachine(Machine):
    pool = "host"

    def __init__(self, build: Path, scratch: Path) -> None:
        self.name = "host"
        self._build = build
        self._scratch = scratch
        if os.geteuid() != 0:
            raise MachineUnusable(
                "machine host: needs root; use --machine vm:<kernel>, which does not"
            )

    def open_slot(self) -> Slot:
        return HostSlot()

    def place(self, path: Path) -> str:
        return str(path)

    def engine_program(self, engine: str) -> str:
        if engine == "criu":
            try:
                return str(criu_program())
            except FetchError as error:
                raise MachineUnusable(f"engine criu on the host: {error}") from None
        program = self._build / "bin" / engine
        if not program.exists():
            raise MachineUnusable(f"engine {engine}: {program} is not built")
        return str(program)

    @property
    def scratch(self) -> str:
        return str(self._scratch)
