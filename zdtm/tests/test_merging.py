"""Parts of a run, put together: the same as the whole run, or refused for what is missing, doubled or foreign."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Callable

import pytest

from harness.cases import Cell, Selection, read_workload
from harness.cells import FAIL, PASS, SKIP, CellResult
from harness.merging import ACCOUNT, WORKLOADS, Account, main
from harness.report import RESULTS, Finished, write_reports
from harness.shards import Shard, plan_digest

OF = 3
NAMES = ("pipes/sizes", "files/positions")
Change = Callable[[dict[str, object]], None]


def cells() -> list[Cell]:
    workloads = [read_workload(WORKLOADS / f"{name}.c") for name in NAMES]
    return [cell for each in workloads for cell in Selection().cells(each)]


def result_of(cell: Cell) -> CellResult:
    verdict = PASS if cell.scenario != "again" else FAIL
    return CellResult(
        cell.id, verdict, "" if verdict == PASS else "lost a pipe", "a log", 0.5
    )


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    return [make_part(tmp_path, number) for number in range(1, OF + 1)]


def make_part(folder: Path, number: int, verdict: str = "") -> Path:
    plan = {cell.id: cell for cell in cells()}
    own = sorted(Shard(number, OF).own(plan))
    part = folder / f"part-{number}"
    results = [result_of(plan[name]) for name in own]
    for result in results:
        result.verdict = verdict or result.verdict
    write_reports(part, [Finished(plan[x.id], x, f"again {x.id}") for x in results], 7)
    account = Account(
        number, OF, 7, ["host"], 1, len(plan), plan_digest(plan), own, own
    )
    account.write(part)
    return part


def change(part: Path, edit: Change) -> None:
    account = json.loads((part / ACCOUNT).read_text())
    edit(account)
    (part / ACCOUNT).write_text(json.dumps(account))


def merge(parts: list[Path], out: Path) -> int:
    return main([*map(str, parts), "--out", str(out)])


def test_the_order_of_the_parts_does_not_matter(
    parts: list[Path], tmp_path: Path
) -> None:
    assert merge(parts, tmp_path / "one") == 1  # some cells are red
    assert merge(parts[::-1], tmp_path / "other") == 1
    for name in (RESULTS, "junit.xml", "index.html"):
        one, other = ((tmp_path / way / name).read_text() for way in ("one", "other"))
        assert one == other and "lost a pipe" in one
    found = [
        json.loads(line)
        for line in (tmp_path / "one" / RESULTS).read_text().splitlines()
    ]
    assert {x["id"]: x["verdict"] for x in found} == {
        c.id: result_of(c).verdict for c in cells()
    }
    assert all(
        ("log" in x) and (x["log"] == "a log") == (x["verdict"] == FAIL) for x in found
    )


def test_all_green_is_green_unless_something_else_is_red(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = [make_part(tmp_path, number, PASS) for number in range(1, OF + 1)]
    assert merge(parts, tmp_path / "out") == 0
    change(
        parts[1],
        lambda account: account.update(red=["zdtm/apps/test_apps.py::test failed"]),
    )
    assert merge(parts, tmp_path / "out") == 1
    assert (
        "FAILED: part 2: zdtm/apps/test_apps.py::test failed" in capsys.readouterr().out
    )


def _drop_result(part: Path) -> None:
    lines = (part / RESULTS).read_text().splitlines(keepends=True)
    (part / RESULTS).write_text("".join(lines[1:]))


def _double_result(part: Path) -> None:
    lines = (part / RESULTS).read_text().splitlines(keepends=True)
    (part / RESULTS).write_text("".join([lines[0], *lines]))


def _forget_a_command(part: Path) -> None:
    text = (part / RESULTS).read_text()
    (part / RESULTS).write_text(text.replace('"command"', '"order"', 1))


def _lie(part: Path) -> None:
    text = (part / RESULTS).read_text()
    (part / RESULTS).write_text(
        text.replace('"verdict": "pass"', '"verdict": "fine"', 1)
    )


DEFECTS: dict[str, tuple[Callable[[list[Path]], object], str]] = {
    "a missing part": (lambda parts: parts.pop(1), "missing of 3 parts: 2"),
    "a doubled part": (
        lambda parts: parts.append(parts[0]),
        "part 1/3 is there 2 times",
    ),
    "no part": (lambda parts: shutil.rmtree(parts[2]), "holds no part of a run"),
    "another seed": (
        lambda parts: change(parts[2], lambda x: x.update(seed=8)),
        "seed 7 and 8",
    ),
    "another plan": (
        lambda parts: change(parts[2], lambda x: x.update(plan="00")),
        "plan ",
    ),
    "a gap in the plan": (
        lambda parts: [change(part, lambda x: x.update(tests=99)) for part in parts],
        "but not the 99 of the whole run",
    ),
    "a missing result": (
        lambda parts: _drop_result(parts[0]),
        "did not come to its end",
    ),
    "a doubled result": (
        lambda parts: _double_result(parts[0]),
        "more than one result",
    ),
    "a foreign result": (
        lambda parts: shutil.copy(parts[1] / RESULTS, parts[0] / RESULTS),
        "has no result of",
    ),
    "no verdict": (lambda parts: _lie(parts[0]), "holds no part of a run: line"),
    "no command": (lambda parts: _forget_a_command(parts[0]), "KeyError: 'command'"),
    "an idle machine": (
        lambda parts: [
            change(part, lambda x: x.update(machines=["host", "vm:6.12"]))
            for part in parts
        ],
        "no cell ran on machine vm:6.12",
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_what_is_not_whole_is_refused(
    name: str, parts: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant, reason = DEFECTS[name]
    plant(parts)
    assert merge(parts, tmp_path / "out") == 2
    assert reason in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_zero_cells_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = [make_part(tmp_path, number, SKIP) for number in range(1, OF + 1)]
    assert merge(parts, tmp_path / "out") == 2
    assert "0 cells ran" in capsys.readouterr().err


def test_the_command_is_the_same() -> None:
    command = Path(__file__).resolve().parents[2] / "ci" / "matrix"
    done = subprocess.run(
        [command, "merge", "/nowhere"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2 and "/nowhere holds no part of a run" in done.stderr
