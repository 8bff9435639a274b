"""Makes zdtm/golden/VERSION with the engine of today: on a machine that offers no more than every one of the matrix does.

    PYTHONPATH=../vm-images python3 -m harness.golden_making VERSION --build BUILD
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Sequence

from harness.cells import PASS, CellSpec, EngineSpec
from harness.engines import ADAPTERS
from harness.golden import HERE, PROGRAMS, TREES
from harness.machines.vm import VmMachine, VmSlot

KERNEL = "6.12"
FLAGS = (
    "-O1 -msse2 -static -nostdlib -ffreestanding -fno-stack-protector -fno-pic -no-pie"
    " -fno-asynchronous-unwind-tables -Wl,--build-id=none -Wl,-z,noseparate-code -s"
)
INSIDE = "/golden"
MISSING = (
    "cx16 avx2 f16c fma vaes vpclmulqdq sse4a abm bmi1 bmi2 adx aes sha-ni movbe clwb clflushopt 3dnowprefetch"
    " mpx xsavec xgetbv1 pclmulqdq rdpid rdseed la57 pku erms fsrm fsgsbase rdtscp"
).split()


class PlainMachine(VmMachine):
    # An image says which instruction sets its programs may have found: the best CPU without what not every CPU has. Others do
    # not boot under emulation: qemu64 for the kernel's defences against its weaknesses, one without xsaveopt for no known reason.
    cpu = f"max,smap=off,{','.join(f'{name}=off' for name in MISSING)}"

    def __init__(self, build: Path, scratch: Path, programs: Path) -> None:
        super().__init__(KERNEL, build, scratch)
        self._programs = programs

    def payload(self) -> list[tuple[Path, str]]:
        return [*super().payload(), (self._programs, INSIDE)]


def compile_programs(folder: Path) -> None:
    for name, bits in PROGRAMS.items():
        argv = ["gcc", bits, *FLAGS.split(), "-o", str(folder / name)]
        subprocess.run([*argv, str(HERE / "program.c")], check=True, timeout=120)


def make(slot: VmSlot, machine: PlainMachine, tree: str) -> bytes:
    engine = EngineSpec("cr", ADAPTERS["cr"], machine.engine_program("cr"))
    result = slot.run(
        CellSpec(
            id=tree,
            program=tree,
            argv=[],
            scenario="golden-made",
            engine=engine,
            scratch=machine.scratch,
            seed=0,
            deadline_s=60.0 * machine.slowness,
            options={"folder": INSIDE, "tree": tree},
        )
    )
    if result.verdict != PASS:
        sys.exit(f"{tree}: {result.verdict} {result.reason}\n{result.log}")
    return slot.fetch(f"{INSIDE}/{tree}.img")


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="harness.golden_making", description=__doc__)
    parser.add_argument("version")
    parser.add_argument("--build", type=Path, required=True)
    options = parser.parse_args(argv)
    target = HERE / options.version
    target.mkdir()
    compile_programs(target)
    with tempfile.TemporaryDirectory() as scratch:
        machine = PlainMachine(options.build.absolute(), Path(scratch), target)
        with VmSlot(machine) as slot:
            for tree in TREES:
                (target / f"{tree}.img").write_bytes(make(slot, machine, tree))
                print(tree)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
