"""The layout check names the file, for both languages, and passes what is right."""

from pathlib import Path

import pytest

from checks.format import unformatted_c, unformatted_python


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


def test_a_broken_tool_is_no_pass(tree: Path) -> None:
    (tree / ".clang-format").write_text("BasedOnStyle: [nonsense\n")
    assert unformatted_c(["good.cc"], tree)
