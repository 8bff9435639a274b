"""A gathering of seeds that lacks some is not taken for a complete one."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from harness import gathering
from harness.cells import ERROR, FAIL, PASS, SKIP, CellResult, CellSpec

SEVERAL = [
    ([PASS], 0),
    ([PASS, SKIP], 0),
    ([SKIP], 1),
    ([PASS, FAIL], 1),
    ([PASS, ERROR], 1),
]


@pytest.mark.parametrize("verdicts, code", SEVERAL)
def test_only_passed_and_skipped_is_complete(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verdicts: list[str], code: int
) -> None:
    told = itertools.cycle(verdicts)

    class Planted:
        def run(self, spec: CellSpec) -> CellResult:
            return CellResult(spec.id, next(told))

        def close(self) -> None:
            pass

    monkeypatch.setattr("harness.machines.host.HostSlot", Planted)
    options = ["--build", str(tmp_path), "--thin", str(tmp_path)]
    assert gathering.main([str(tmp_path / "seeds"), *options]) == code
