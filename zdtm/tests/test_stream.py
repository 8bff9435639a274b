"""An image of a gigabyte goes through a pipe in bounded memory, and a stream that is cut anywhere restores nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest
from conftest import Run
from engine_under_test import engine_with_images

from harness.cells import PASS
from harness.plugin import KEY

MIB = 1024
CUTS = 100
MEMORY_KIB = 64 * 1024


@pytest.mark.engine
def test_a_gigabyte_streams(
    run: Run,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
) -> None:
    engine = engine_with_images(pytestconfig, tmp_path)
    result = run(
        "large",
        "streamed-large",
        engine.adapter,
        engine_program=engine.program,
        argv=[str(MIB)],
        seed=pytestconfig.stash[KEY].seed,
        deadline_s=300.0,
        options={"cuts": CUTS, "memory_kib": MEMORY_KIB},
    )
    record_property("streamed", result.notes)
    print("\n".join(result.notes))
    assert result.verdict == PASS, f"{result.reason}\n{result.log}"
