"""Damages an image in every way that one cut or one bit can, and asks the engine whether it notices.

Inside a cell (scenarios `swept`, `swept-inside`) a small program is dumped first; as a command it takes an image that
is there:
    python3 -m harness.sweep IMAGE --program bin/cr [--full] [--seed N] [-j N]
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence

from harness.stage import CellFailure, Stage, pids_here

INVALID = 4  # the exit code for an image that is not what it was
EDGE = 1024  # bytes at both ends that are always swept bit by bit: headers and the final record
SAMPLE = 1500


@dataclass(frozen=True)
class Damage:
    kind: str  # cut, flip, swap
    where: int
    other: int = 0

    def apply(self, image: bytes) -> bytes:
        if self.kind == "cut":
            return image[: self.where]
        if self.kind == "flip":
            place, bit = divmod(self.where, 8)
            return (
                image[:place] + bytes([image[place] ^ (1 << bit)]) + image[place + 1 :]
            )
        size = self.other
        a, b = image[:size], image[self.where : self.where + size]
        return b + image[size : self.where] + a + image[self.where + size :]

    def __str__(self) -> str:
        if self.kind == "flip":
            return f"bit {self.where % 8} of byte {self.where // 8} flipped"
        if self.kind == "cut":
            return f"cut to {self.where} bytes"
        return f"the first {self.other} bytes swapped with those at {self.where}"


def damages(image: bytes, full: bool, rng: random.Random) -> Iterator[Damage]:
    """All of them, or all at the edges and a sample of the rest. None leaves the image as it was."""
    size = len(image)
    cuts: Sequence[int] = range(size)
    flips: Sequence[int] = range(size * 8)
    if not full:
        edge = min(EDGE, size)
        cuts = _some(
            range(size), [*range(min(64, size)), *range(max(0, size - 64), size)], rng
        )
        # One bit of each byte at the edges, another one in each run.
        near = [
            8 * at + rng.randrange(8)
            for at in (*range(edge), *range(size - edge, size))
        ]
        flips = _some(range(size * 8), near, rng)
    yield from (Damage("cut", at) for at in cuts)
    yield from (Damage("flip", at) for at in flips)
    for block in (8, 16, 32, 64, 4096):
        for at in (block, 2 * block, size - block):
            swap = Damage("swap", at, block)
            if block <= at <= size - block and swap.apply(image) != image:
                yield swap


def _some(everything: range, always: list[int], rng: random.Random) -> list[int]:
    sampled = rng.sample(everything, min(SAMPLE, len(everything)))
    return sorted({*always, *sampled})


def sweep(
    image: bytes, command: list[str], todo: list[Damage], jobs: int, scratch: Path
) -> list[str]:
    """What the command did not answer with the right exit code. The damaged file is its last word."""
    readers: list[int] = []
    workers: list[int] = []
    for number in range(jobs):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            _work(
                image,
                command,
                todo[number::jobs],
                scratch / f"damaged-{number}",
                writer,
            )
        workers.append(pid)
        os.close(writer)
        readers.append(reader)
    found: list[str] = []
    for reader in readers:
        with open(reader) as lines:
            text = lines.read().splitlines()
        # A worker that died would otherwise look like one that found nothing.
        if text[-1:] != ["complete"]:
            found.append("a worker of the sweep ended too early")
        found += text[:-1]
    for pid in workers:
        os.waitpid(pid, 0)
    return found


def _work(
    image: bytes, command: list[str], todo: list[Damage], file: Path, writer: int
) -> None:
    null = os.open("/dev/null", os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1, 2)]
    argv = [*command, str(file)]
    with open(writer, "w") as out:
        for damage in todo:
            file.write_bytes(damage.apply(image))
            pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=actions)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            if code != INVALID:
                out.write(f"{damage}: exit {code}, not {INVALID}\n")
        file.unlink(missing_ok=True)
        out.write("complete\n")
    os._exit(0)


def swept(stage: Stage) -> None:
    """Options: `full`, `jobs`, `restores` (how many damaged images are tried with restore)."""
    options = stage.spec.options
    stage.start()
    path = stage.image("1")
    stage.dump(path, leave_running=False)
    image = path.read_bytes()
    todo = list(damages(image, bool(options["full"]), stage.random))
    stage.log(f"image of {len(image)} bytes, {len(todo)} damages")
    program, jobs = stage.engine.program, int(options["jobs"])
    scratch = Path("/dev/shm")
    bad = sweep(image, [program, "verify"], todo, jobs, scratch)
    chosen = stage.random.sample(todo, min(int(options["restores"]), len(todo)))
    # In the foreground: a tree that was started in spite of all would be waited for, or left behind.
    bad += [
        f"restore: {line}"
        for line in sweep(image, [program, "restore"], chosen, jobs, scratch)
    ]
    if started := [pid for pid in pids_here() if pid != os.getpid()]:
        bad.append(f"restore of a damaged image started {started}")
    stage.notes.append(
        f"{len(todo)} damages of {len(image)} bytes, {len(chosen)} with restore"
    )
    if bad:
        shown = "\n  ".join(bad[:40])
        raise CellFailure(f"{len(bad)} damages were not noticed:\n  {shown}")


TALLY = re.compile(
    r"^bytes=(\d+) seed=\d+ tried=(\d+) unchanged=(\d+) accepted=(\d+) wrong_kind=(\d+)$"
)


def swept_inside(stage: Stage) -> None:
    """Every bit and every length, by a program that calls the engine's reader instead of starting it each time.

    Option: `sweeper`. Quick enough to leave nothing out, but it knows nothing of exit codes: that is what `swept` does.
    """
    stage.start()
    path = stage.image("1")
    stage.dump(path, leave_running=False)
    done = subprocess.run(
        [str(stage.spec.options["sweeper"]), str(path)],
        capture_output=True,
        text=True,
        timeout=stage.left_s(),
    )
    stage.log(done.stdout + done.stderr[-4000:])
    size = path.stat().st_size
    tally = TALLY.match(done.stdout.strip())
    if not tally or int(tally[1]) != size:
        raise CellFailure(
            f"the sweeper (exit {done.returncode}) gives no account of {size} bytes"
        )
    tried, _, accepted, wrong = (int(tally[number]) for number in range(2, 6))
    if tried < 9 * size:  # eight bits of each byte, and each length
        raise CellFailure(f"the sweeper tried {tried} damages of {size} bytes only")
    if accepted or wrong or done.returncode != 0:
        raise CellFailure(
            f"{accepted} damages were accepted, {wrong} refused for another reason"
            f" (exit {done.returncode})"
        )
    stage.notes.append(f"{tried} damages of {size} bytes")


REPAIRED = re.compile(
    r"^tried=(\d+) invalid=(\d+) unbuildable=(\d+) accepted=(\d+) wrong=(\d+) slow=(\d+) greedy=(\d+) most_memory=(\d+)$"
)


def swept_repaired(stage: Stage) -> None:
    """Damages whose checksums are made right again, by a program that looks behind them. Options: `sweeper`, `sample`."""
    stage.start()
    path = stage.image("1")
    stage.dump(path, leave_running=False)
    options = stage.spec.options
    argv = [str(options["sweeper"]), str(path), "--seed", str(stage.spec.seed)]
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


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="harness.sweep", description=__doc__)
    parser.add_argument("image", type=Path)
    parser.add_argument("--program", type=Path, required=True, help="the engine")
    parser.add_argument("--full", action="store_true", help="every byte and every bit")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("-j", dest="jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(argv)
    image = options.image.read_bytes()
    todo = list(damages(image, options.full, random.Random(options.seed)))
    print(f"seed {options.seed}: {len(todo)} damages of {len(image)} bytes")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as scratch:
        command = [str(options.program.absolute()), "verify"]
        bad = sweep(image, command, todo, options.jobs, Path(scratch))
    print("\n".join(bad[:100]) if bad else "all of them were noticed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
