"""A tree that is dumped in one machine and restored in another one, with another kernel: two cells, and what goes between."""

from __future__ import annotations

from pathlib import Path

from harness.luggage import Luggage
from harness.oracle import Snapshot
from harness.oracle.crossing import both_tell
from harness.stage import Stage

IMAGE = "carried"
# Free wherever a new pid namespace is, whoever else was started there before.
FIRST_PID = 4000


def departed(stage: Stage) -> None:
    Path("/proc/sys/kernel/ns_last_pid").write_text(str(FIRST_PID))
    stage.start()
    root = stage.tree_root
    before = stage.witness()
    image = stage.image(IMAGE)
    stage.dump(image, leave_running=False)
    facts = {
        "root": root,
        "saw": [[*key, value] for key, value in before.items()],
        "moving": sorted(stage.moving),
    }
    stage.luggage = Luggage(facts).pack(
        image, stage.work, stage.work.parent / "luggage"
    )


def carried(stage: Stage) -> None:
    """Options: `luggage`, that of the cell that departed. Requires: the same folder as it had."""
    image = stage.image(IMAGE)
    arrived = Luggage.unpack(
        stage.spec.options["luggage"],
        image,
        stage.work,
        stage.work.parent / "luggage",
    )
    before: Snapshot = {
        (who, what, name): value for who, what, name, value in arrived.facts["saw"]
    }
    stage.moving = {(who, what, name) for who, what, name in arrived.facts["moving"]}
    stage.restore(image, arrived.facts["root"], foreground=False)
    stage.expect_same(before, "on the other kernel", common=both_tell)
    stage.go_on()
