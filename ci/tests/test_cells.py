"""ci/cells runs on every machine that was asked for, or says that it cannot; in a tree of its own with planted parts."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

CI = Path(__file__).parent.parent
Cells = Callable[..., tuple[int, str]]
KERNELS = "print('6.1   6.1.1-amd64'); print('6.12  6.12.1-amd64')"


@pytest.fixture
def cells(tmp_path: Path) -> Cells:
    """Runs ci/cells where vmlab and ci/host.py do what they are told to, and pytest prints what it was asked."""
    (tmp_path / "ci").mkdir()
    for name in ("cells", "lib.sh"):
        shutil.copy(CI / name, tmp_path / "ci")
    vmlab = tmp_path / "vm-images" / "vmlab"
    vmlab.mkdir(parents=True)
    (tmp_path / "pytest.py").write_text("import sys; print('asked', *sys.argv[1:])")
    host = tmp_path / "ci" / "host.py"

    def run(
        *words: str, vmlab_does: str = KERNELS, host_ends: int = 0
    ) -> tuple[int, str]:
        (vmlab / "__main__.py").write_text(vmlab_does)
        host.write_text(f"#!/bin/sh\nexit {host_ends}\n")
        host.chmod(0o755)
        done = subprocess.run(
            [tmp_path / "ci" / "cells", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        return done.returncode, done.stdout

    return run


def test_every_machine_that_was_asked_for_is_handed_on(cells: Cells) -> None:
    code, text = cells("host", "tier:pinned", "--", "zdtm/workloads")
    assert code == 0, text
    assert "--machine=host --machine=vm:6.1 --machine=vm:6.12 -j" in text


@pytest.mark.parametrize(
    "vmlab_does, told",
    [
        ("raise SystemError('it crashed')", "it crashed"),
        (KERNELS + "; print('6.99  not resolved'); raise SystemExit(1)", "6.99"),
        ("pass", "knows no kernel"),
    ],
)
def test_without_the_whole_list_nothing_runs(
    cells: Cells, vmlab_does: str, told: str
) -> None:
    code, text = cells("host", "tier:pinned", vmlab_does=vmlab_does)
    assert code == 1 and told in text
    assert "asked" not in text


def test_a_host_that_cannot_is_told_apart(cells: Cells) -> None:
    code, text = cells("host", host_ends=1)
    assert code == 77 and "asked" not in text


@pytest.mark.parametrize("host_ends, told", [(0, False), (1, True)])
def test_what_was_for_the_host_goes_to_the_machines_that_there_are(
    cells: Cells, host_ends: int, told: bool
) -> None:
    words = ("--beside-host", "tier:pinned", "--", "--scenario=restore")
    code, text = cells(*words, host_ends=host_ends)
    assert code == 0 and "--scenario=restore" in text
    assert ("--scenario refused" in text) == told
    assert ("--word-size any" in text) == (not told)
