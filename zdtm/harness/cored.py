"""A program is dumped, and the engine writes its image as core files: scenario `cored`, for tests that look at those."""

from __future__ import annotations

from pathlib import Path

from harness.stage import CellFailure, Stage, last_line


def cored(stage: Stage) -> None:
    """Option: `folder`, which gets the cores, and as show.json and core.json what the engine says of image and cores."""
    folder = Path(str(stage.spec.options["folder"]))
    stage.start()
    image = stage.image("1")
    stage.dump(image, leave_running=False)
    program = stage.engine.program
    for name, command in (
        ("show.json", [program, "show", str(image), "--json"]),
        ("core.json", [program, "core", str(image), "-o", str(folder), "--json"]),
    ):
        outcome = stage.engine.run(command)
        if outcome.code != 0:
            raise CellFailure(
                f"{command[1]} ends with {outcome.code}: {last_line(outcome)}"
            )
        (folder / name).write_text(outcome.output)
