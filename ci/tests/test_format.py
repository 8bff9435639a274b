"""The layout check names the file, for both languages, and passes what is right."""

import subprocess
from pathlib import Path

import pytest

from checks.format import python_files, unformatted_c, unformatted_python


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / ".clang-format").write_text("BasedOnStyle: Google\n")
    (tmp_path / "good.cc").write_text("int f() { return 1; }\n")
    (tmp_path / "bad.cc").write_text("int g;\nint   f( ) {return 1 ;}\n")
    (tmp_path / "good.py").write_text("x = 1\n")
    (tmp_path / "bad.py").write_text("x=1\n")
    return tmp_path


def test_c(tree: Path) -> None:
    assert not unformatted_c(["good.cc"], tree)
    found = unformatted_c(["bad.cc", "good.cc"], tree)
    assert {(finding.path, finding.line) for finding in found} == {("bad.cc", 2)}


def test_python(tree: Path) -> None:
    assert not unformatted_python(["good.py"], tree)
    assert [
        finding.path for finding in unformatted_python(["bad.py", "good.py"], tree)
    ] == ["bad.py"]


def test_a_command_without_a_suffix_is_known_by_its_first_line(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for name, first in {
        "module.py": "x = 1",
        "run": "#!/usr/bin/python3",
        "build": "#!/bin/sh",
        "LICENSE": "nothing",
    }.items():
        (tmp_path / name).write_text(f"{first}\n")
    assert python_files(tmp_path) == ["module.py", "run"]


def test_a_broken_tool_is_no_pass(tree: Path) -> None:
    (tree / ".clang-format").write_text("BasedOnStyle: [nonsense\n")
    assert unformatted_c(["good.cc"], tree)
