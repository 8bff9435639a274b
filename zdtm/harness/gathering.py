"""What real programs look like to a parser: their files of /proc, and their images without most of the page data.

Every workload is started, looked at and dumped; fuzzers begin with what was seen (fuzz/run).
    python3 -m harness.gathering FOLDER --build BUILD --thin PROGRAM
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Sequence

from harness.oracle.tree import threads, tree
from harness.stage import CellFailure, Stage

# By the fuzz target: the files of a process, of each of its threads, and of the machine that it reads.
OF_PROCESS = {
    "proc_maps": "maps",
    "proc_smaps": "smaps",
    "proc_auxv": "auxv",
    "proc_cgroup": "cgroup",
    "proc_mountinfo": "mountinfo",
    "proc_id_map": "uid_map",
    "proc_timers": "timers",
    "proc_fdinfo": "fdinfo/*",
}
OF_THREAD = {"proc_stat": ["stat"], "proc_status": ["status"]}
OF_THREAD["proc_numbers"] = ["children", "personality", "syscall"]
LARGEST = 1 << 16  # as fuzz.h has it


def gathered(stage: Stage) -> None:
    """Options: `into`, `thin` (the program that makes an image small), `name`."""
    into, name = Path(stage.spec.options["into"]), str(stage.spec.options["name"])
    stage.start()
    for pid in tree(stage.tree_root):
        with suppress(OSError):  # it ends meanwhile, in a storm of births
            _look_at(pid, into)
    image = stage.image("1")
    stage.dump(image, leave_running=True)
    thinned = subprocess.run(
        [str(stage.spec.options["thin"]), str(image), str(into), name],
        capture_output=True,
        text=True,
        timeout=stage.left_s(),
    )
    if thinned.returncode != 0:
        raise CellFailure(thinned.stderr)
    stage.go_on()


def _look_at(pid: int, into: Path) -> None:
    process = Path(f"/proc/{pid}")
    for target, pattern in OF_PROCESS.items():
        for file in process.glob(pattern):
            _keep(into / target, file)
    for tid in threads(pid):
        for target, files in OF_THREAD.items():
            for part in files:
                _keep(into / target, process / "task" / str(tid) / part)


def _keep(folder: Path, file: Path) -> None:
    """Under a name that equal content has in common."""
    content = file.read_bytes()
    if not content or len(content) > LARGEST:
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)


def main(argv: Sequence[str]) -> int:
    from harness.cases import Cell, discover
    from harness.cells import PASS, SKIP, CellSpec, EngineSpec
    from harness.engines import ADAPTERS
    from harness.machines import slowness_of_host
    from harness.machines.host import PACKAGE_ROOT, HostSlot

    parser = argparse.ArgumentParser(prog="harness.gathering", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--thin", type=Path, required=True)
    options = parser.parse_args(argv)
    build = options.build.absolute()
    engine = EngineSpec("cr", ADAPTERS["cr"], str(build / "bin/cr"))
    into = options.folder.absolute()
    into.mkdir(parents=True, exist_ok=True)
    slot = HostSlot()
    verdicts: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        for workload in discover(PACKAGE_ROOT / "workloads"):
            if workload.group == "refused":
                continue
            for size in workload.word_sizes():
                cell = Cell(workload, "gathered", "cr", "host", size, 0)
                spec = CellSpec(
                    id=cell.id,
                    program=str(cell.program(build)),
                    argv=[],
                    scenario=cell.scenario,
                    engine=engine,
                    scratch=scratch,
                    seed=1,
                    deadline_s=workload.deadline_s * slowness_of_host(),
                    slowness=slowness_of_host(),
                    loops=workload.loops,
                    options={
                        "into": str(into),
                        "thin": str(options.thin.absolute()),
                        "name": f"{workload.group}-{workload.name}-{size}",
                    },
                )
                result = slot.run(spec)
                verdicts.append(result.verdict)
                if result.verdict != PASS:
                    print(f"{cell.id}: {result.verdict}: {result.reason}")
    slot.close()
    print(f"{verdicts.count(PASS)} of {len(verdicts)} programs were dumped for seeds")
    return 0 if PASS in verdicts and set(verdicts) <= {PASS, SKIP} else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
