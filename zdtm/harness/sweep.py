"""Damages an image in every small way, and asks the engine whether it notices.

The damages are made by programs of the engine's own build (`cr_image_sweep`, `cr_repaired_sweep`), which know where its
sections are. Here are the trees to be dumped, and what their accounts have to say.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from contextlib import suppress
from pathlib import Path

from harness import program
from harness.stage import CellFailure, Stage, pids_here
from harness.waiting import wait_until

TALLY = re.compile(
    r"^bytes=(\d+) seed=\d+ tried=(\d+) unchanged=\d+ accepted=(\d+) wrong_kind=(\d+) slow=(\d+) slowest_us=(\d+)$"
)


def swept(stage: Stage) -> None:
    """Every section, every length and every bit: by the engine's reader, called in a loop, and by its commands.

    Options: `sweeper`; `image`, instead of one that is dumped here; `reader`, `verify` and `restore`: how many bits and
    lengths each of these judges, 0 for all; `shares`, how many sweep at once.
    """
    options = stage.spec.options
    image = stage.image("1")
    if "image" in options:
        shutil.copy(options["image"], image)
    else:
        stage.start()
        stage.dump(image, leave_running=False)
    for judge in ("reader", "verify", "restore"):
        if judge not in options:
            continue
        # A restore in the foreground: a tree that was started in spite of all would be waited for, or left behind.
        command = ["--with", stage.engine.program, judge] if judge != "reader" else []
        _sweep(stage, image, judge, command, int(options[judge]))
        if started := [pid for pid in pids_here() if pid != os.getpid()]:
            raise CellFailure(f"{judge} of a damaged image started {started}")


def _sweep(
    stage: Stage, image: Path, judge: str, command: list[str], sample: int
) -> None:
    shares = int(stage.spec.options.get("shares", 1))
    argv = [str(stage.spec.options["sweeper"]), str(image), "--shares", str(shares)]
    argv += ["--seed", str(stage.spec.seed), "--sample", str(sample)]
    sweepers = [
        subprocess.Popen(
            [*argv, "--share", str(number), *command],
            stdout=subprocess.PIPE,
            stderr=open(stage.temporary / f"sweeper-{number}", "w"),
            text=True,
        )
        for number in range(shares)
    ]
    accounts = [sweeper.communicate(timeout=stage.left_s())[0] for sweeper in sweepers]
    for number in range(shares):
        said = stage.temporary / f"sweeper-{number}"
        stage.log(said.read_text()[-4000:])
        said.unlink()
    codes = [sweeper.returncode for sweeper in sweepers]
    size = image.stat().st_size
    tried = bad = slowest_us = 0
    for account in accounts:
        stage.log(account)
        tally = TALLY.match(account.strip())
        if not tally or int(tally[1]) != size:
            raise CellFailure(
                f"{judge}: the sweeper (exit {codes}) gives no account of {size} bytes"
            )
        tried += int(tally[2])
        bad += sum(int(tally[number]) for number in (3, 4, 5))
        slowest_us = max(slowest_us, int(tally[6]))
    # Eight bits of each byte, and each length.
    if tried < (min(sample, size) if sample else 9 * size):
        raise CellFailure(
            f"{judge}: the sweeper tried {tried} damages of {size} bytes only"
        )
    if bad or any(codes):
        raise CellFailure(
            f"{judge}: {bad} of {tried} damages were accepted, refused for another reason, or late (exit {codes})"
        )
    stage.notes.append(
        f"{judge}: {tried} damages of {size} bytes refused, the slowest in {slowest_us} us of CPU time"
    )


REPAIRED = re.compile(
    r"^tried=(\d+) invalid=(\d+) unbuildable=(\d+) accepted=(\d+) wrong=(\d+) slow=(\d+) greedy=(\d+) most_memory=(\d+)$"
)


def swept_repaired(stage: Stage) -> None:
    """Damages whose checksums are made right again, by a program that looks behind them.

    Options: `sweeper`, `sample`; `restore_every`: one in so many of the images that were accepted is restored.
    """
    stage.start()
    path = stage.image("1")
    stage.dump(path, leave_running=False)
    options = stage.spec.options
    kept = stage.temporary / "accepted"
    kept.mkdir()
    argv = [str(options["sweeper"]), str(path), "--seed", str(stage.spec.seed)]
    argv += ["--keep", str(kept), "--keep-every", str(options["restore_every"])]
    done = subprocess.run(
        [*argv, "--sample", str(options["sample"])],
        capture_output=True,
        text=True,
        timeout=stage.left_s(),
    )
    stage.log(done.stdout[-8000:] + done.stderr[-8000:])
    lines = done.stdout.strip().splitlines() or [""]
    tally = REPAIRED.match(lines[-1])
    if not tally or done.returncode != 0:
        raise CellFailure(f"the sweeper ends with {done.returncode}: {lines[-1]}")
    tried, invalid, unbuildable, accepted = (int(tally[n]) for n in range(1, 5))
    if tried != invalid + unbuildable + accepted or tried < 100 or not invalid:
        raise CellFailure(f"no account of what was tried: {lines[-1]}")
    stage.notes.append(f"{path.stat().st_size} bytes: {lines[-1]}")
    ends = Counter(_restored(stage, image) for image in sorted(kept.iterdir()))
    shutil.rmtree(kept)
    if not ends:
        raise CellFailure(f"of {accepted} accepted images none was restored")
    stage.notes.append(f"restored: {dict(ends)}")


# What an image may say that is false, though it could be true: its files, limits, numbers of the machine.
ENDS = {0: "done", 1: "system", 3: "unsupported", 5: "conflict"}


def _restored(stage: Stage, image: Path) -> str:
    """How a restore of a tree ends that could have been, but never was; and that it is there or not, and nothing between."""
    pidfile = stage.temporary / "restored.pid"
    argv = [stage.engine.program, "restore", str(image), "--detach", "--json"]
    outcome = stage.engine.run([*argv, "--pidfile", str(pidfile), "--deadline", "20"])
    kind = "done" if outcome.code == 0 else outcome.json().get("error", {}).get("kind")
    if kind != ENDS.get(outcome.code):
        raise CellFailure(f"{image.name}: not an end of a restore: {outcome.text()}")
    there = [pid for pid in pids_here() if pid != os.getpid()]
    if outcome.code != 0 and there:
        raise CellFailure(f"{there} are left of a restore: {outcome.text()}")
    # A tree with another state than its own does what it likes, and dies of it; nobody has awaited its root yet.
    if outcome.code == 0 and int(pidfile.read_text()) not in there:
        raise CellFailure(f"{image.name}: done, and no root: {outcome.text()}")
    pidfile.unlink(missing_ok=True)
    for pid in there:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(_is_alone, "the restored to end", stage.settle_s)
    pidfile.unlink(missing_ok=True)
    if outcome.code != 0:
        stage.log(outcome.text())
    return str(kind)


def _is_alone() -> bool:
    program.reap_orphans(set())
    return pids_here() == [os.getpid()]
