"""A large image (of a gigabyte with --full) goes through a pipe in bounded memory, and a stream that is cut anywhere restores nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest
from conftest import Run
from engine_under_test import engine_with_images

from harness.cells import PASS
from harness.plugin import KEY

# Both are many times what the engine may use.
MIB, FULL_MIB = 256, 1024
CUTS, FULL_CUTS = 20, 100
MEMORY_KIB = 64 * 1024


@pytest.mark.engine
def test_it_streams(
    run: Run,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
) -> None:
    full = bool(pytestconfig.option.full)
    engine = engine_with_images(pytestconfig, tmp_path)
    result = run(
        "large",
        "streamed-large",
        engine.adapter,
        engine_program=engine.program,
        argv=[str(FULL_MIB if full else MIB)],
        seed=pytestconfig.stash[KEY].seed,
        deadline_s=300.0,
        options={"cuts": FULL_CUTS if full else CUTS, "memory_kib": MEMORY_KIB},
    )
    record_property("streamed", result.notes)
    print("\n".join(result.notes))
    assert result.verdict == PASS, f"{result.reason}\n{result.log}"
