"""What is done to a program. One function per scenario; a new one is added to the table below."""

from __future__ import annotations

import time
from typing import Callable

from harness.carrying import carried, departed
from harness.cored import cored
from harness.engines.base import NotOffered, Outcome
from harness.executed import executed
from harness.gathering import gathered
from harness.golden import golden_made, golden_restored
from harness.killing import killed, killed_while_writing
from harness.oracle.tree import tree
from harness.real import interrupted, undisturbed
from harness.stage import CellFailure, Stage, last_line
from harness.streaming import streamed_large
from harness.sweep import swept, swept_repaired
from harness.workdir import KeptDirectory, state_of

GENERATIONS = 3


def native(stage: Stage) -> None:
    """No checkpoint: a program that fails here is itself wrong."""
    stage.start()
    if stage.spec.loops:
        time.sleep(stage.random.uniform(0, 0.05))
    stage.go_on()


def restore(stage: Stage) -> None:
    """Dump, end, restore, check."""
    stage.start()
    _generation(stage, "1", foreground=True)
    stage.go_on()


def keep_running(stage: Stage) -> None:
    """The program goes on after the dump as if nothing had happened, and its image is good too."""
    stage.start()
    root = stage.tree_root
    before = stage.witness()
    _expect_no_blocker(stage)
    moved = state_of(stage.work)
    image = stage.image("1")
    stage.dump(image, leave_running=True)
    stage.expect_same(before, "after the dump")
    kept = KeptDirectory(stage.work, stage.work.parent / "kept")
    moved_on = sorted(
        f"{name}: {moved.get(name)} -> {now.get(name)}"
        for now in [state_of(stage.work)]
        for name in moved.keys() | now.keys()
        if moved.get(name) != now.get(name)
    )
    if moved_on and not stage.spec.loops:
        raise CellFailure(f"files changed while it was dumped: {moved_on[:10]}")
    stage.go_on()
    if moved_on:
        stage.notes.append(
            "not restored: the program's files moved on while it was dumped"
        )
        return
    kept.put_back()
    stage.restore(image, root, foreground=False)
    # What waits for a moment of the clock has waited long enough while the original checked itself.
    stage.expect_same(before, "after the restore", lasting=stage.spec.deadlines)
    stage.go_on()


def again(stage: Stage) -> None:
    """A restored tree is dumped and restored again, and again."""
    stage.start()
    for generation in range(1, GENERATIONS + 1):
        _generation(stage, str(generation), foreground=generation == 2)
    stage.go_on()


def streamed(stage: Stage) -> None:
    """Images go through pipes, compressed: one that inherits what has not changed, and one that stands alone."""
    stage.start()
    before = stage.witness()
    older = stage.image("1")
    stage.dump(older, leave_running=True)
    stage.expect_same(before, "after the dump")
    stage.engine.through_pipes(parent=older)
    _generation(stage, "2", foreground=True)
    stage.engine.through_pipes()
    _generation(stage, "3", foreground=False)
    stage.go_on()


def wandering(stage: Stage) -> None:
    """A dump at a random moment of a working program."""
    stage.start()
    pause = stage.random.uniform(0, 0.2)
    stage.log(f"seed {stage.spec.seed}: dump after {pause * 1000:.2f} ms of work")
    time.sleep(pause)
    _generation(stage, "1", foreground=False)
    time.sleep(stage.random.uniform(0, 0.05))
    stage.go_on()


def refused(stage: Stage) -> None:
    """State that cannot be carried is named, and the program does not notice."""
    stage.start()
    before = stage.witness()
    image = stage.images / "must-not-exist"
    steps: dict[str, Callable[[], Outcome]] = {
        "check": lambda: stage.engine.check(stage.tree_root),
        "dump that leaves it running": lambda: stage.engine.dump(
            stage.tree_root, image, leave_running=True
        ),
        "dump": lambda: stage.engine.dump(stage.tree_root, image, leave_running=False),
    }
    for step, run in steps.items():
        outcome = run()
        stage.log(outcome.text())
        if outcome.code != 3:
            raise CellFailure(
                f"{step} ends with {outcome.code}, not 3: {last_line(outcome)}"
            )
        _expect_named(stage, step, stage.engine.blockers(outcome))
        stage.expect_only_images()
        stage.expect_same(before, f"after the refused {step}")
    stage.go_on()


SCENARIOS: dict[str, Callable[[Stage], None]] = {
    "native": native,
    "restore": restore,
    "keep-running": keep_running,
    "again": again,
    "streamed": streamed,
    "wandering": wandering,
    "carried": carried,
    "refused": refused,
}

# Not part of the matrix: tests of their own order these.
SPECIAL: dict[str, Callable[[Stage], None]] = {
    "departed": departed,
    "killed": killed,
    "killed-while-writing": killed_while_writing,
    "undisturbed": undisturbed,
    "interrupted": interrupted,
    "swept": swept,
    "swept-repaired": swept_repaired,
    "cored": cored,
    "gathered": gathered,
    "golden-made": golden_made,
    "golden-restored": golden_restored,
    "streamed-large": streamed_large,
    "executed": lambda stage: executed(stage, _generation),
}


def _generation(stage: Stage, name: str, foreground: bool) -> None:
    root = stage.tree_root
    before = stage.witness()
    image = stage.image(name)
    stage.dump(image, leave_running=False)
    stage.restore(image, root, foreground)
    stage.expect_same(before, f"after restore {name}")


def _expect_no_blocker(stage: Stage) -> None:
    try:
        outcome = stage.engine.check(stage.tree_root)
    except NotOffered:
        return
    if outcome.code != 0:
        raise CellFailure(
            f"check finds blockers (exit {outcome.code}): {last_line(outcome)}"
        )


def _expect_named(stage: Stage, step: str, blockers: list[dict[str, object]]) -> None:
    """Every kind is named. One word may have company; several are all that there is."""
    expected = set(stage.spec.refused_kinds)
    kinds = {str(blocker.get("kind")) for blocker in blockers}
    if missing := sorted(expected - kinds):
        raise CellFailure(
            f"{step} does not name the kind {', '.join(missing)}, only {sorted(kinds)}"
        )
    if len(expected) > 1 and kinds != expected:
        raise CellFailure(f"{step} names what is not there: {sorted(kinds - expected)}")
    members = tree(stage.tree_root)
    for blocker in blockers:
        if blocker.get("kind") not in expected:
            continue
        if blocker.get("pid") not in members:
            raise CellFailure(
                f"{step} does not say in which pid of {members}: {blocker}"
            )
        for part in ("where", "reason"):
            if not blocker.get(part):
                raise CellFailure(f"{step} does not say {part}: {blocker}")
