"""fuzz/coverage.py: lines are counted as they ran, and too few of them are a failure."""

import json
import subprocess
from pathlib import Path

import pytest

from checks.tree import TOP

FILE = str(TOP / "cr" / "proc" / "stat.cc")
# Lines 1 to 4 ran, 5 to 9 did not: line, column, count, has a count, begins a region, is a gap.
SEGMENTS = [
    [1, 1, 7, True, True, False],
    [5, 1, 0, True, True, False],
    [9, 9, 0, False, False, False],
]
FUNCTIONS = [
    {"name": "_Z8validatei", "filenames": [FILE], "regions": [[1, 1, 4, 1]]},
    {"name": "_Z7collectv", "filenames": [FILE], "regions": [[5, 1, 9, 9]]},
]


def coverage(
    folder: Path, covered: str, *options: str
) -> subprocess.CompletedProcess[str]:
    export, list_of_files = folder / "export.json", folder / "covered"
    data = {"files": [{"filename": FILE, "segments": SEGMENTS}], "functions": FUNCTIONS}
    export.write_text(json.dumps({"data": [data]}))
    list_of_files.write_text(f"# a comment\n{covered}\n")
    return subprocess.run(
        [
            "/usr/bin/python3",
            str(TOP / "fuzz" / "coverage.py"),
            str(export),
            "--covered",
            str(list_of_files),
            *options,
        ],
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("enough, code", [("0", 0), ("50", 0), ("50.1", 1), ("90", 1)])
def test_too_few_lines_are_a_failure(tmp_path: Path, enough: str, code: int) -> None:
    done = coverage(tmp_path, "cr/proc", "--at-least", enough)
    assert "50.0 %      4 of     8  in all" in done.stdout
    assert done.returncode == code, done.stderr
    assert ("fewer than" in done.stderr) == bool(code)


def test_nothing_is_asked_for_by_itself(tmp_path: Path) -> None:
    assert coverage(tmp_path, "cr/proc").returncode == 0


def test_of_some_files_only_functions_count(tmp_path: Path) -> None:
    done = coverage(tmp_path, "cr/proc/stat.cc validate|plan", "--at-least", "100")
    assert done.returncode == 0 and "4 of     4" in done.stdout, (
        done.stdout + done.stderr
    )


def test_a_file_that_was_not_built_is_named(tmp_path: Path) -> None:
    done = coverage(tmp_path, "cr/proc/renamed.cc")
    assert done.returncode == 1 and "cr/proc/renamed.cc: no such file" in done.stderr


def test_nothing_at_all_is_too_little(tmp_path: Path) -> None:
    assert coverage(tmp_path, "", "--at-least", "90").returncode == 1


def test_every_covered_file_is_there() -> None:
    for entry in (TOP / "fuzz" / "covered").read_text().splitlines():
        path = entry.partition(" ")[0]
        if path and not path.startswith("#"):
            assert list(TOP.glob(f"{path}*")), path
