"""One cell from its order to its verdict. Runs as the init of the cell's namespaces."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from harness import engines, presence, procfs, program
from harness.cells import ERROR, FAIL, PASS, SKIP, CellResult, CellSpec
from harness.engines.base import NotOffered
from harness.oracle.tree import tree
from harness.scenarios import SCENARIOS, SPECIAL
from harness.stage import CellFailure, Stage, command_of, pids_here
from harness.waiting import WaitTimeout, wait_until


def run(spec: CellSpec, folder: Path) -> CellResult:
    began = time.monotonic()
    stage = Stage(spec, engines.load(spec.engine), folder)
    mounts = mounts_here()
    verdict, reason, missing = _verdict(stage)
    if verdict == SKIP and stage.running is not None:
        # The scenario stopped half-way, so the program is still there by right.
        for pid in tree(stage.running.root):
            os.kill(pid, signal.SIGKILL)
    if verdict in (PASS, SKIP):
        if left := leftovers(stage, mounts):
            verdict, reason = FAIL, "left behind: " + "; ".join(left)
    if verdict not in (PASS, SKIP):
        _last_look(stage)
    return CellResult(
        spec.id,
        verdict,
        reason,
        "\n".join(stage.lines),
        time.monotonic() - began,
        stage.timings_ms,
        stage.notes,
        missing,
        [" ".join(key) for key in sorted(stage.moving)],
        luggage=stage.luggage if verdict == PASS else "",
        kernel=os.uname().release,
    )


def _verdict(stage: Stage) -> tuple[str, str, str]:
    """The verdict, its reason, and the feature that is missing."""
    try:
        {**SCENARIOS, **SPECIAL}[stage.spec.scenario](stage)
        return PASS, "", ""
    except CellFailure as failure:
        return FAIL, str(failure), ""
    except program.MissingFeature as missing:
        feature = str(missing)
        if feature in presence.OF_THE_CPU and presence.is_present(feature):
            return ERROR, f"it says that {feature} is missing, but the CPU has it", ""
        return SKIP, f"missing: {feature}", feature
    except NotOffered as operation:
        told = f"engine {stage.spec.engine.name} offers no {operation}"
        if str(operation) in stage.engine.not_offered:
            return SKIP, told, ""
        return ERROR, f"{told}, which its adapter promises", ""
    except program.ProgramError as error:
        # Before any checkpoint: not the engine's fault, except that native judges the program.
        return (FAIL if stage.spec.scenario == "native" else ERROR), str(error), ""
    except WaitTimeout as late:
        return FAIL, str(late), ""


def leftovers(stage: Stage, mounts: str) -> list[str]:
    found: list[str] = []

    def only_us() -> bool:
        program.reap_orphans(set())
        return pids_here() == [os.getpid()]

    try:
        wait_until(only_us, "all processes to end", 4 * stage.settle_s)
    except WaitTimeout:
        for pid in pids_here():
            if pid != os.getpid():
                found.append(f"process {pid} {command_of(pid)}")
    if (now := mounts_here()) != mounts:
        found.append(
            f"mounts {sorted(set(now.splitlines()) ^ set(mounts.splitlines()))}"
        )
    if shared := sorted(os.listdir("/dev/shm")):
        found.append(f"shared memory {shared}")
    found += system_v_objects()
    for place in (stage.images, stage.temporary):
        extra = {entry.name for entry in place.iterdir()} - stage.expected_images
        if extra:
            found.append(f"files in {place.name}: {sorted(extra)}")
    return found


def system_v_objects() -> list[str]:
    """Of this ipc namespace, which is the cell's own."""
    found: list[str] = []
    for kind in ("shm", "sem", "msg"):
        table = Path("/proc/sysvipc") / kind
        # Without System V IPC in the kernel there is no such file; else one line of heads.
        lines = procfs.text(table).splitlines()[1:] if table.exists() else []
        found += [f"System V {kind} {line.split()[1]}" for line in lines]
    return found


def mounts_here() -> str:
    return procfs.text("/proc/self/mountinfo")


def _last_look(stage: Stage) -> None:
    """What a person would look at first."""
    stage.log("--- the program said:")
    for line in program.said(stage.work)[-20:]:
        stage.log(line)
    for outcome in stage.engine.runs[-3:]:
        stage.log("--- " + outcome.text()[-4000:])
    if stage.running is not None:
        stage.log("--- still there: " + program.where_it_hangs(stage.running.root))
