"""The README check sees folders without one, and only those a reader opens first."""

from checks.readmes import findings_in, folders_of


def test_folders_that_a_reader_opens_first() -> None:
    names = [
        "cr/kinds/pipe/plan.cc",
        "bench/macro/trees.cc",
        "g.txt",
        ".ci/run",
        "zdtm/tests/x.py",
    ]
    assert folders_of(names) == {"cr", "cr/kinds", "bench", "zdtm"}


def test_a_missing_readme_is_found() -> None:
    names = ["cr/README.md", "cr/sys/fd.cc"]
    assert [finding.path for finding in findings_in(names, {"cr/README.md": 10})] == [
        "cr/sys"
    ]


def test_a_book_is_found() -> None:
    (finding,) = findings_in(["cr/README.md"], {"cr/README.md": 2000})
    assert "2000 lines" in finding.text
