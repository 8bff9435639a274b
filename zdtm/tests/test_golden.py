"""Images of older engines: each restores, or is refused for a reason that lies in the machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import Run
from engine_under_test import engine_with_images

from harness import golden
from harness.cells import PASS

IMAGES = sorted(golden.HERE.glob("*/*.img"))
# What a machine may lack that another one had.
MACHINE = re.compile(r"this CPU lacks|which this kernel does not run|capabilities")


def test_there_are_some() -> None:
    assert {path.stem for path in IMAGES} >= golden.TREES.keys()


@pytest.mark.engine
@pytest.mark.parametrize(
    "image", IMAGES, ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_restores(
    run: Run, image: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    engine = engine_with_images(pytestconfig, tmp_path)
    result = run(
        image.stem,
        "golden-restored",
        engine.adapter,
        engine_program=engine.program,
        options={"folder": str(image.parent), "image": image.name},
    )
    if result.verdict != PASS and MACHINE.search(result.reason):
        pytest.skip(f"refused: {result.reason}")
    assert result.verdict == PASS, f"{result.reason}\n{result.log}"
