"""The steps that scenarios are made of: one running tree, one engine, one witness, a log."""

from __future__ import annotations

import itertools
import math
import os
import random
import signal
import time
from pathlib import Path
from typing import Callable, Optional, Sequence

from harness import oracle, procfs, program
from harness.cells import CellSpec
from harness.engines.base import Engine, NotOffered, Outcome, Running
from harness.oracle import policy
from harness.oracle.compare import lasting_part
from harness.oracle.quiet import Runners
from harness.oracle.tree import tree
from harness.waiting import WaitTimeout, wait_until


class CellFailure(Exception):
    """State was lost, or the engine did not keep its word."""


class Stage:
    def __init__(self, spec: CellSpec, engine: Engine, folder: Path) -> None:
        self.spec = spec
        self.engine = engine
        self.work = folder / "work"
        self.images = folder / "images"
        self.temporary = folder / "tmp"
        for place in (self.work, self.images, self.temporary):
            place.mkdir()
        engine.surroundings.cwd = self.images
        engine.surroundings.temporary = self.temporary
        self.random = random.Random(spec.seed)
        self.end = time.monotonic() + spec.deadline_s
        # The deadline already knows how slow the machine is.
        self.settle_s = spec.deadline_s / 40
        engine.deadline_s = max(5.0, spec.deadline_s / 3)
        self.lines: list[str] = []
        self.notes: list[str] = []
        self.timings_ms: dict[str, float] = {}
        self.running: Optional[Running] = None
        # When a program of timed calls may be through with them, and goes on by itself.
        self.times_over = math.inf
        self.expected_images: set[str] = set()
        # How a program that was not dumped shows that it is unharmed.
        self.proof: Callable[[], None] = self.go_on
        self.moving: set[tuple[str, str, str]] = set()
        self.luggage = ""  # for a cell in another machine

    # -- words -----------------------------------------------------------------------------------

    def log(self, text: str) -> None:
        self.lines.append(text.rstrip())

    def left_s(self) -> float:
        return max(0.5, self.end - time.monotonic())

    @property
    def tree_root(self) -> int:
        assert self.running is not None
        return self.running.root

    # -- the program -----------------------------------------------------------------------------

    def start(self) -> None:
        if self.spec.deadlines:
            self.times_over = time.monotonic() + program.timed_s(self.spec.slowness)
        pid = program.start(
            self.spec.program, self.spec.argv, self.work, self.spec.slowness
        )
        self.running = Running(pid)
        self.log(f"started {self.spec.program} as pid {pid}")
        program.wait_ready(self.running, self.work, self.left_s())
        if not self.spec.loops:
            program.wait_quiet(pid, self.left_s())

    def go_on(self) -> None:
        """Tells the program to check itself; it must pass."""
        assert self.running is not None
        began = time.monotonic()
        try:
            os.kill(self.running.root, signal.SIGUSR2)
        except ProcessLookupError:
            raise CellFailure(
                f"the root is gone before it was told to go on: {self.last_words()}"
            ) from None
        try:
            program.finish(self.running, self.work, self.left_s())
        except program.ProgramError as error:
            raise CellFailure(f"{error}{self.last_words()}") from None
        self.timings_ms["check"] = (time.monotonic() - began) * 1000
        self.log("the program passed its own check")
        self.running = None

    def last_words(self) -> str:
        """What a foreground engine printed, if it has ended."""
        engine = self.running.engine if self.running else None
        if engine is None or engine.poll() is None:
            return ""
        return f"\nthe engine ended with {engine.returncode}: {self.engine.said()}"

    # -- the witness -----------------------------------------------------------------------------

    def witness(self) -> oracle.Snapshot:
        """A record of the quiet tree; of a working one the part that stands still."""
        if self.spec.loops:
            return self._look(lasting=True)
        # Helper tasks may still be on their way into their system calls: wait until all that run are known to be
        # spinners, and for two equal looks after that.
        runners = Runners(self.tree_root)
        looks = [oracle.take(self.tree_root)]
        runners.looked()

        def settled() -> bool:
            if runners.unproven() or not runners.have_run():
                return False
            looks.append(oracle.take(self.tree_root))
            runners.looked()
            return looks[-1] == looks[-2]

        try:
            wait_until(
                settled,
                "two equal looks",
                max(2.0, 4 * self.settle_s),
                first_pause_s=0.002,
            )
        except WaitTimeout:
            looks += [oracle.take(self.tree_root), oracle.take(self.tree_root)]
            # The first was taken of a tree that was starting perhaps; and no single pair has seen all that moves.
            self._leave_out(looks[1:][-4:])
            self.log(f"perhaps still starting: {sorted(runners.unproven())}")
        return looks[-1]

    def _leave_out(self, looks: Sequence[oracle.Snapshot]) -> None:
        """What differs between them moves by itself: no later comparison can use it, so little of it is allowed."""
        found = {
            key
            for one, other in itertools.pairwise(looks)
            for key in one.keys() | other.keys()
            if one.get(key) != other.get(key)
        }
        strange = sorted(key for key in found if key[1:] not in policy.MAY_MOVE)
        if strange:
            raise CellFailure(f"the tree never stands still: {strange[:20]}")
        self.moving |= found
        self.log(f"never quite still, not compared: {sorted(found)}")

    def _look(self, lasting: bool) -> oracle.Snapshot:
        if lasting:
            return lasting_part(oracle.take_working(self.tree_root), self.tree_root)
        return oracle.take(self.tree_root)

    def expect_same(
        self,
        before: oracle.Snapshot,
        when: str,
        lasting: bool = False,
        common: Callable[
            [oracle.Snapshot, oracle.Snapshot], tuple[oracle.Snapshot, oracle.Snapshot]
        ] = lambda before, after: (before, after),
    ) -> None:
        """Gives the tree time to settle; what differs then is a failure. `lasting`: of what lasts in any program.

        `common`: the parts of two records that can be compared.
        """
        found: list[str] = []
        lasting = lasting or self.spec.loops
        compared = before

        def same() -> bool:
            nonlocal compared
            found.clear()
            self.expect_alive(when)
            # A machine that stands still for seconds takes as long as the program's own times: no engine can stop these.
            part = lasting or time.monotonic() >= self.times_over
            compared = lasting_part(before, self.tree_root) if part else before
            try:
                after = self._look(part)
            except OSError as error:
                found.append(f"the tree cannot be read: {error}")
                return False
            compared, after = common(compared, after)
            found.extend(oracle.differences(compared, after, self.moving))
            return not found

        try:
            wait_until(same, "an equal tree", self.settle_s, first_pause_s=0.002)
        except WaitTimeout:
            shown = "\n  ".join(found[:60])
            raise CellFailure(f"{len(found)} differences {when}:\n  {shown}") from None
        self.log(f"{len(compared)} facts are the same {when}")
        if not lasting and time.monotonic() >= self.times_over:
            self.notes.append(
                f"its times may have been over {when}: {len(compared)} facts compared"
            )

    def expect_alive(self, when: str) -> None:
        assert self.running is not None
        code = self.running.ended()
        if code is not None:
            raise CellFailure(
                f"the tree is gone {when}: {program.name_of(code)}{self.last_words()};"
                f" it said {program.said(self.work)[-3:]}"
            )

    # -- the engine ------------------------------------------------------------------------------

    def image(self, name: str) -> Path:
        self.expected_images.add(name)
        return self.images / name

    def dump(self, image: Path, leave_running: bool) -> None:
        members = tree(self.tree_root)
        outcome = self.engine.dump(self.tree_root, image, leave_running)
        self._note("dump", outcome)
        if outcome.code != 0:
            self._after_failed_dump(outcome)
        if not image.exists():
            raise CellFailure(
                f"the dump says success, but there is no image {image.name}"
            )
        self.expect_only_images()
        self._verify(image)
        if not leave_running:
            self.expect_ended(members)

    def _after_failed_dump(self, outcome: Outcome) -> None:
        """A dump may fail; the program must not suffer from it."""
        self.log(outcome.text())
        try:
            self.proof()
            harmed = "; the program went on and passed"
        except CellFailure as failure:
            harmed = f"; AND THE PROGRAM WAS HARMED: {failure}"
        raise CellFailure(
            f"dump failed with exit {outcome.code}: {last_line(outcome)}{harmed}"
        )

    def _verify(self, image: Path) -> None:
        try:
            outcome = self.engine.verify(image)
        except NotOffered:
            return
        self._note("verify", outcome)
        if outcome.code != 0:
            raise CellFailure(f"verify finds a fresh image bad: {last_line(outcome)}")

    def expect_ended(self, members: list[int]) -> None:
        assert self.running is not None
        running = self.running
        statuses: list[int] = []

        def all_gone() -> bool:
            program.reap_orphans(running.ours())
            if not statuses:
                code = running.ended()
                if code is not None:
                    statuses.append(code)
            gone = not any(os.path.exists(f"/proc/{pid}") for pid in members)
            return gone and bool(statuses)

        try:
            wait_until(all_gone, "the dumped tree to be gone", 4 * self.settle_s)
        except WaitTimeout:
            there = [pid for pid in members if os.path.exists(f"/proc/{pid}")]
            raise CellFailure(
                f"the dumped tree was to end, but {there or 'its parent'} stays"
            ) from None
        if statuses[0] != 128 + signal.SIGKILL:
            raise CellFailure(
                f"the dumped root ended with {program.name_of(statuses[0])}, not SIGKILL"
            )
        self.running = None

    def restore(
        self, image: Path, root: int, foreground: bool, may_end: bool = False
    ) -> None:
        """`may_end`: it works for itself, and can be through with that before anybody looks."""
        began = time.monotonic()
        if foreground:
            try:
                self.running = self.engine.restore_foreground(image, root)
                self._wait_foreground(root)
                self.timings_ms["restore"] = (time.monotonic() - began) * 1000
                self.log(f"restored pid {root} in the foreground")
                return
            except NotOffered:
                pass
        outcome, self.running = self.engine.restore_detached(image, root)
        self._note("restore", outcome)
        if outcome.code != 0:
            self.log(outcome.text())
            left = [pid for pid in pids_here() if pid not in (1, os.getpid())]
            litter = f"; AND LEFT TASKS BEHIND: {left}" if left else ""
            self.running = None
            raise CellFailure(
                f"restore failed with exit {outcome.code}: {last_line(outcome)}{litter}"
            )
        if not may_end:
            self.expect_alive("after the restore")

    def _wait_foreground(self, root: int) -> None:
        """The engine says nothing when the tree runs; that its tasks are others than itself and not traced tells it."""

        def there() -> bool:
            self.expect_alive("during the restore")
            try:
                # Not the program of the process that we started: that may be a shell around the engine.
                forked = os.path.samefile(f"/proc/{root}/exe", self.engine.program)
                return not forked and not_traced(root)
            except OSError:
                return False

        try:
            limit_s = min(self.engine.deadline_s, self.left_s())
            wait_until(there, "the restored root to run", limit_s)
        except WaitTimeout as late:
            raise CellFailure(f"restore in the foreground: {late}") from None

    # -- nothing left behind ---------------------------------------------------------------------

    def expect_only_images(self, temporaries: int = 0) -> None:
        """Beside them at most so many hidden files: what an engine that was killed may leave to its next run."""
        there = {entry.name for entry in self.images.iterdir()}
        extra = there - self.expected_images
        hidden = {name for name in extra if name.startswith(".")}
        if extra - hidden or len(hidden) > temporaries:
            raise CellFailure(f"litter beside the image: {sorted(extra)}")
        if litter := sorted(entry.name for entry in self.temporary.iterdir()):
            raise CellFailure(f"litter in TMPDIR: {litter}")

    def _note(self, step: str, outcome: Outcome) -> None:
        self.timings_ms[step] = outcome.seconds * 1000
        self.log(f"{step}: exit {outcome.code}, {outcome.seconds * 1000:.1f} ms")


def not_traced(pid: int) -> bool:
    for task in Path(f"/proc/{pid}/task").iterdir():
        if "\nTracerPid:\t0\n" not in procfs.text(task / "status"):
            return False
    return True


def last_line(outcome: Outcome) -> str:
    error = outcome.json().get("error")
    if isinstance(error, dict):
        return str(error.get("message", error))
    lines = (
        outcome.errors.strip() or outcome.output.strip() or "it said nothing"
    ).splitlines()
    return " | ".join(lines[-3:])


def command_of(pid: int) -> str:
    try:
        return procfs.text(f"/proc/{pid}/cmdline").replace("\0", " ").strip()
    except OSError:
        return "(ended)"


def pids_here() -> list[int]:
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
