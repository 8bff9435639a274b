"""Listing the tree, and the rule that a check which looked at nothing has failed."""

import subprocess
from pathlib import Path

import pytest

from checks.tree import Finding, files, report


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("*.o\n")
    (tmp_path / "a name.cc").write_text("int x;\n")
    (tmp_path / "b.o").write_text("")
    return tmp_path


def test_new_files_count_and_ignored_ones_do_not(repository: Path) -> None:
    assert files(repository) == [".gitignore", "a name.cc"]
    assert files(repository, suffixes=(".cc",)) == ["a name.cc"]


def test_deleted_files_are_gone_before_the_commit(repository: Path) -> None:
    subprocess.run(["git", "add", "."], cwd=repository, check=True)
    (repository / "a name.cc").unlink()
    assert files(repository) == [".gitignore"]


def test_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert report("x", 3, []) == 0
    assert report("x", 3, [Finding("f", 7, "bad")]) == 1
    assert "f:7: bad" in capsys.readouterr().out
    assert report("x", 0, []) == 1
