"""A kernel under QEMU. Needs no privileges; one machine per slot, many cells per boot."""

from __future__ import annotations

import os
import select
import tempfile
from pathlib import Path
from typing import Optional

import vmlab
from vmlab import terminal
from vmlab.console import problems_in

from harness.cells import CellResult, CellSpec
from harness.presence import feature_name
from harness.machines.base import (
    Machine,
    MachineLost,
    MachineUnusable,
    Slot,
    slowness_of_host,
)

PACKAGE = Path(__file__).resolve().parents[1]
GUEST = "/matrix"
MEMORY_MB = 1024
LIFE_S = 3 * 3600.0  # of one machine; every cell has a deadline of its own
BOOT_S = 180.0
SILENCE_S = 180.0
GRACE_S = 60.0


class VmSlot(Slot):
    def __init__(self, machine: VmMachine) -> None:
        self._workdir = tempfile.TemporaryDirectory(
            prefix="vm-", dir=machine.host_scratch
        )
        try:
            self._vm = vmlab.Vm.start(
                machine.kernel,
                root=machine.userland,
                payload=machine.payload(),
                memory_mb=MEMORY_MB,
                workdir=Path(self._workdir.name),
                deadline_s=LIFE_S * slowness_of_host(),
                boot_deadline_s=BOOT_S * slowness_of_host(),
                silence_s=SILENCE_S * slowness_of_host(),
                acceleration="tcg" if machine.cpu else None,
                cpu=machine.cpu,
            )
            self._agent = self._vm.spawn(
                ["env", f"PYTHONPATH={GUEST}/py", "python3", "-m", "harness.agent"]
            )
        except (vmlab.KernelMissing, vmlab.VmSetupError) as error:
            raise MachineUnusable(f"machine vm:{machine.kernel}: {error}") from None
        except vmlab.VmLost as lost:
            trouble = problems_in(str(lost))  # the console's last words are in it
            raise MachineLost(f"it did not come up: {lost}", trouble) from None

    def run(self, spec: CellSpec) -> CellResult:
        try:
            self._agent.stdin.write(spec.to_json().encode() + b"\n")
            self._agent.stdin.flush()
            line = self._read_line(spec.deadline_s + GRACE_S)
        except (vmlab.VmLost, OSError) as lost:
            raise self._lost(str(lost)) from None
        if not line:
            raise self._lost("the agent in the guest ended")
        return CellResult.from_json(line.decode())

    def _read_line(self, deadline_s: float) -> bytes:
        # The agent answers one order at a time, so no second line can wait in a buffer.
        if not select.select([self._agent.stdout], [], [], deadline_s)[0]:
            raise vmlab.VmLost(f"no answer in {deadline_s:g} s")
        return bytes(self._agent.stdout.readline())

    def _lost(self, reason: str) -> MachineLost:
        trouble = self.problems()
        told = " | ".join(trouble[-3:]) or "nothing remarkable"
        return MachineLost(f"{reason}; console: {told}", trouble)

    def fetch(self, path: str) -> bytes:
        """A file of the guest."""
        done = self._vm.run(["cat", path], timeout_s=60 * slowness_of_host())
        if done.returncode != 0:
            raise MachineUnusable(f"{path} in the guest: {done.stderr.decode()}")
        return bytes(done.stdout)

    def problems(self) -> list[str]:
        return list(self._vm.console_problems())

    def shell(self, folder: str) -> None:
        terminal.shell(self._vm, folder or "/")

    def close(self) -> None:
        try:
            self._vm.close()
        finally:
            self._workdir.cleanup()


class VmMachine(Machine):
    own_slowness = 5
    # An emulated model, where it must not be the best that there is.
    cpu: Optional[str] = None

    def __init__(self, kernel: str, build: Path, scratch: Path) -> None:
        self.name = f"vm:{kernel}"
        kernel, _, self.userland = kernel.partition("@")
        self.kernel = kernel
        self.build = build
        self.host_scratch = scratch
        if vmlab.is_own(kernel):
            return  # and what it lacks nobody knows
        names = [locked.name for locked in vmlab.kernels()]
        if kernel not in names:
            known = ", ".join(names)
            raise MachineUnusable(
                f"machine {self.name}: no such kernel; there are {known}"
            )
        self.lacks = frozenset(map(feature_name, vmlab.lacks_of(kernel)))

    def payload(self) -> list[tuple[Path, str]]:
        found = [(PACKAGE, f"{GUEST}/py/harness")]
        found += [
            (self.build / "zdtm" / bits, f"{GUEST}/zdtm/{bits}")
            for bits in ("m64", "m32")
        ]
        # The static build needs nothing of the guest's userland.
        engine = self.build / "bin" / "cr-static"
        if engine.exists():
            found.append((engine, f"{GUEST}/bin/cr"))
        return found

    def open_slot(self) -> Slot:
        return VmSlot(self)

    def place(self, path: Path) -> str:
        return os.path.join(GUEST, path.relative_to(self.build))

    def engine_program(self, engine: str) -> str:
        if engine == "criu":
            return "/usr/sbin/criu" if self.userland else "/usr/local/bin/criu"
        if not any(target == f"{GUEST}/bin/{engine}" for _, target in self.payload()):
            raise MachineUnusable(f"engine {engine}: not built in {self.build / 'bin'}")
        return f"{GUEST}/bin/{engine}"

    @property
    def scratch(self) -> str:
        return "/tmp/cells"
