"""One cell again, by the name it has in reports: `python3 -m harness.repro CELL --seed N [--shell]`.

With --shell its files are kept, and a shell is opened where it ran: in the guest, beside its programs.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from harness.cases import SCENARIO_NAMES, WORD_SIZES, Cell, read_workload
from harness.cells import ERROR, PASS, CellResult
from harness.machines import Machine, MachineLost, MachineUnusable, Slot, open_machine
from harness.orders import Run, order

WORKLOADS = Path(__file__).resolve().parents[1] / "workloads"
ID = re.compile(r"(\w+)/(\w+)::([\w-]+)\[([^]]+)\]")


class NoSuchCell(Exception):
    """The name is none of a cell."""


def cell_of(name: str, workloads: Path = WORKLOADS) -> Cell:
    """The inverse of Cell.id. A path of a source before `::` is as good as its group and name."""
    name = name.strip().removeprefix("zdtm/workloads/").replace(".c::", "::")
    found = ID.fullmatch(name)
    if not found:
        raise NoSuchCell(
            f"{name!r} is no cell; one is called group/program::scenario[engine,machine,word size]"
        )
    group, program, scenario, inside = found.groups()
    words = inside.split(",")
    repeat = int(words.pop()[1:]) if re.fullmatch(r"r\d+", words[-1]) else 0
    engine = words.pop(0) if scenario != "native" else "none"
    source = workloads / group / f"{program}.c"
    if scenario not in SCENARIO_NAMES or len(words) != 2 or words[1] not in WORD_SIZES:
        raise NoSuchCell(f"{name!r} is no cell of this tree")
    if not source.exists():
        raise NoSuchCell(f"{name!r}: there is no {source}")
    machine, _, other = words[0].partition(">")
    if other:
        return Cell(
            read_workload(source), scenario, engine, other, words[1], repeat, machine
        )
    return Cell(read_workload(source), scenario, engine, machine, words[1], repeat)


def repeat(cell: Cell, run: Run, shell: bool) -> CellResult:
    luggage, result = "", CellResult(cell.id, ERROR)
    with tempfile.TemporaryDirectory(prefix="zdtm-") as scratch, ExitStack() as stack:
        Path(scratch).chmod(0o755)
        halves = [cell.departure(), cell] if cell.source else [cell]
        for half in halves:
            machine: Machine = open_machine(half.machine, run.build, Path(scratch))
            spec = order(run, half, machine)
            if luggage:
                spec.options["luggage"] = luggage
            slot: Slot = stack.enter_context(machine.open_slot())
            result = slot.run(spec)
            if problems := slot.problems():
                result.verdict, result.reason = ERROR, f"the kernel: {problems}"
            luggage = result.luggage
            if result.verdict != PASS:
                break
        tell(result)
        if shell:
            print(f"its files: {result.folder}", file=sys.stderr)
            slot.shell(result.folder)
    return result


def tell(result: CellResult) -> None:
    print(f"{result.verdict}: {result.id} {result.reason}")
    if result.verdict != PASS:
        print(result.log)
    steps = ", ".join(f"{name} {ms:.0f} ms" for name, ms in result.timings_ms.items())
    print(f"{result.seconds:.2f} s: {steps}", file=sys.stderr)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="ci/matrix repro", description=__doc__)
    parser.add_argument("cell", help="as reports name it")
    parser.add_argument("--seed", type=int, required=True, help="of the run")
    parser.add_argument("--build", type=Path, default=Path("build/release"))
    parser.add_argument("--shell", action="store_true", help="look around afterwards")
    options = parser.parse_args(argv)
    if options.shell and not sys.stdin.isatty():
        parser.error("--shell wants a terminal")
    run = Run(options.build.absolute(), options.seed, keep=options.shell)
    try:
        result = repeat(cell_of(options.cell), run, options.shell)
    except (NoSuchCell, MachineUnusable, MachineLost) as error:
        print(f"ci/matrix repro: {error}", file=sys.stderr)
        return 2
    return 0 if result.verdict == PASS else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
