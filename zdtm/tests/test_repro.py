"""A cell is found again by its name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.cases import Selection, discover
from harness.repro import WORKLOADS, NoSuchCell, cell_of

ZDTM = WORKLOADS.parent


def test_every_cell_is_known_by_its_name() -> None:
    selection = Selection(
        ("cr", "criu"), ("host", "vm:6.1", "vm:6.12"), repeat=2, grid=True
    )
    cells = [x for workload in discover(WORKLOADS) for x in selection.cells(workload)]
    assert len(cells) > 10000 and any(cell.source for cell in cells)
    for cell in cells:
        assert cell_of(cell.id).id == cell.id


def test_a_source_is_as_good_as_a_name() -> None:
    one = cell_of("zdtm/workloads/pipes/sizes.c::restore[cr,host,32]")
    assert one == cell_of("pipes/sizes::restore[cr,host,32]")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "pipes/sizes",
        "pipes/nothing::restore[cr,host,32]",
        "pipes/sizes::repaired[cr,host,32]",
        "pipes/sizes::restore[cr,host,16]",
        "pipes/sizes::restore[host,32]",
    ],
)
def test_anything_else_is_named(name: str) -> None:
    with pytest.raises(NoSuchCell, match="no cell|there is no"):
        cell_of(name)


def test_what_cannot_run_is_told(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "harness.repro", "--seed", "1"]
    argv += ["--build", str(tmp_path), "pipes/sizes::restore[cr,host,32]"]
    done = subprocess.run(argv, cwd=ZDTM, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "is not built" in done.stderr
