"""The README check sees folders without one, and only those a reader opens first."""

from checks.readmes import findings_in, folders_of


def test_folders_down_to_two_levels() -> None:
    assert folders_of(["a/b/c/d.cc", "e/f.cc", "g.txt"]) == {"a", "a/b", "e"}


def test_a_missing_readme_is_found() -> None:
    names = ["cr/README.md", "cr/sys/fd.cc"]
    assert [finding.path for finding in findings_in(names, {"cr/README.md": 10})] == [
        "cr/sys"
    ]


def test_a_book_is_found() -> None:
    (finding,) = findings_in(["cr/README.md"], {"cr/README.md": 2000})
    assert "2000 lines" in finding.text
