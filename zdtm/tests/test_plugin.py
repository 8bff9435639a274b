"""The command line of the matrix, through a pytest of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import HERE

ROOT = HERE.parent.parent
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="needs root: cells run on the host"
)


@pytest.fixture
def matrix(tmp_path: Path, programs: Path):  # type: ignore[no-untyped-def]
    """A project of its own with two workloads; returns a function that runs pytest in it."""
    folder = tmp_path / "zdtm" / "workloads" / "files"
    folder.mkdir(parents=True)
    shutil.copy(HERE.parent / "conftest.py", tmp_path / "zdtm" / "conftest.py")
    shutil.copy(ROOT / "pytest.ini", tmp_path / "pytest.ini")
    (tmp_path / "zdtm" / "harness").symlink_to(HERE.parent / "harness")
    binaries = tmp_path / "build" / "release" / "zdtm" / "m64"
    binaries.mkdir(parents=True)

    def run(
        *options: str, workloads: tuple[str, ...] = ("position", "two_files")
    ) -> tuple[int, str]:
        for name in workloads:
            shutil.copy(HERE / "programs" / f"{name}.c", folder)
            shutil.copy(programs / name, binaries)
        done = subprocess.run(
            [
                "/usr/bin/python3",
                "-m",
                "pytest",
                "zdtm",
                "-p",
                "no:cacheprovider",
                *options,
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_native_cells_pass_and_are_reported(matrix, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    report = tmp_path / "report"
    code, text = matrix(
        "--scenario",
        "native",
        "--word-size",
        "64",
        "-j",
        "2",
        "--repeat",
        "2",
        "--report",
        str(report),
    )
    assert code == 0, text
    assert "4 passed" in text and "4/4" in text
    assert {path.name for path in report.iterdir()} == {
        "index.html",
        "junit.xml",
        "kcidb.json",
        "results.jsonl",
    }


def test_what_is_not_built_is_an_error(matrix) -> None:  # type: ignore[no-untyped-def]
    code, text = matrix("--scenario", "native", "--word-size", "32")
    assert code == 1 and "is not built" in text and "2 errors" in text


def test_an_engine_that_is_not_built_is_an_error(matrix) -> None:  # type: ignore[no-untyped-def]
    code, text = matrix("--scenario", "restore", "--word-size", "64")
    assert code == 1 and "engine cr" in text and "2 errors" in text


def test_an_unknown_machine_is_an_error(matrix) -> None:  # type: ignore[no-untyped-def]
    code, text = matrix(
        "--scenario", "native", "--word-size", "64", "--machine", "cloud:9"
    )
    assert code == 1 and "there is host" in text


def test_no_cell_is_a_failure(matrix) -> None:  # type: ignore[no-untyped-def]
    code, text = matrix("--scenario", "refused")
    assert code == 1 and "0 cells ran" in text


def test_too_few_cells_are_a_failure(matrix) -> None:  # type: ignore[no-untyped-def]
    options = ("--scenario", "native", "--word-size", "64")
    assert matrix(*options, "--min-cells", "2")[0] == 0
    code, text = matrix(*options, "--min-cells", "3")
    assert code == 1 and "2 cells ran, at least 3 must" in text


def test_a_machine_without_a_cell_is_a_failure(matrix) -> None:  # type: ignore[no-untyped-def]
    options = ("--scenario", "native", "--word-size", "64", "--machine", "host")
    code, text = matrix(*options, "--machine", "vm:6.12", "-k", "host")
    assert code == 1 and "2 passed" in text
    assert "no cell ran on machine vm:6.12" in text


def test_a_kernel_that_complains_after_the_last_cell_is_a_failure(matrix, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "zdtm" / "workloads" / "conftest.py").write_text(
        "from harness.machines.host import HostSlot\n"
        "told = iter([[], ['BUG: late']])\n"
        "HostSlot.problems = lambda slot: next(told)\n"
    )
    options = ("--scenario", "native", "--word-size", "64")
    code, text = matrix(*options, workloads=("position",))
    assert code == 1 and "1 passed" in text
    assert "after the last cell the kernel complained: host: BUG: late" in text


def test_a_skip_that_nobody_expects_is_an_error(matrix, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    code, text = matrix(
        "--scenario", "native", "--word-size", "64", workloads=("lacking",)
    )
    assert code == 1 and "a skip that nobody expects" in text


def test_only_skips_are_a_failure(matrix, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    source = tmp_path / "zdtm" / "workloads" / "files" / "lacking.c"
    matrix(workloads=("lacking",))
    source.write_text(
        "// Needs what is not there.\n// rows: M1\n// attr: needs=a_feature_of_the_future\n"
    )
    options = ("--scenario", "native", "--word-size", "64", "--min-cells", "0")
    code, text = matrix(*options, workloads=())
    assert code == 1 and "1 skipped" in text and "0 cells ran" in text


def test_the_printed_command_repeats_the_cell(matrix) -> None:  # type: ignore[no-untyped-def]
    code, text = matrix(
        "--scenario", "native", "--word-size", "64", workloads=("half_passing",)
    )
    assert code == 1
    command = next(line for line in text.splitlines() if line.startswith("again: "))
    assert "zdtm/workloads/files/half_passing.c::native[host,64]" in command
    assert "--seed" in command and "--build build/release" in command


def test_a_bad_head_is_an_error(matrix, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "zdtm" / "workloads" / "files" / "bad.c").write_text(
        "int main(void) {}\n"
    )
    code, text = matrix("--scenario", "native", "--word-size", "64")
    assert code != 0 and "the first line must be a comment" in text


def test_a_part_runs_its_own_and_leaves_an_account(matrix, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    options = ("--scenario", "native", "--word-size", "64", "--seed", "3")
    plans, own = set(), []
    for number in (1, 2):
        part = tmp_path / f"part-{number}"
        code, text = matrix(*options, "--shard", f"{number}/2", "--out", str(part))
        assert code == 0 and "1 passed, 1 deselected" in text, text
        account = json.loads((part / "shard.json").read_text())
        results = (part / "results.jsonl").read_text().splitlines()
        assert [json.loads(line)["id"] for line in results] == account["cells"]
        assert account["tests"] == 2 and account["of"] == 2 and not account["red"]
        plans.add(account["plan"])
        own += account["own"]
    assert len(plans) == 1 and len(set(own)) == 2


def test_a_part_of_nothing_is_green_and_an_old_account_goes(matrix, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    part = tmp_path / "part"
    part.mkdir()
    (part / "shard.json").write_text("of an older run")
    common = ("--scenario", "native", "--word-size", "64", "--out", str(part))
    code, text = matrix(*common, "--shard", "3/3")
    assert code == 4 and "--shard needs --seed" in text
    code, text = matrix(*common, "--shard", "9/3", "--seed", "3")
    assert code == 4 and "no part of a run" in text
    code, text = matrix(*common, "--shard", "3/3", "--seed", "3")
    account = json.loads((part / "shard.json").read_text())
    assert account["cells"] == [] and (part / "results.jsonl").read_text() == ""
    assert code == 0, text
