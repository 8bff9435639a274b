"""The README check sees folders without one, and only those a reader opens first."""

from checks.readmes import findings_in, folders_of, gone_in


def test_folders_that_a_reader_opens_first() -> None:
    names = [
        "cr/kinds/pipe/plan.cc",
        "bench/macro/trees.cc",
        "g.txt",
        ".ci/run",
        "zdtm/tests/x.py",
    ]
    assert folders_of(names) == {"cr", "cr/kinds", "bench", "zdtm", "zdtm/tests"}


def test_a_missing_readme_is_found() -> None:
    names = ["cr/README.md", "cr/sys/fd.cc"]
    assert [finding.path for finding in findings_in(names, {"cr/README.md": 10})] == [
        "cr/sys"
    ]


def test_a_book_is_found() -> None:
    (finding,) = findings_in(["cr/README.md"], {"cr/README.md": 2000})
    assert "2000 lines" in finding.text


def test_a_file_that_is_gone_is_found() -> None:
    names = ["README.md", "zdtm/README.md", "zdtm/workloads/pipes/sizes.c"]
    text = "`pytest zdtm/workloads/pipes/sizes.c`\n[all](zdtm/README.md) `zdtm/workloads/pipes/full.c::restore`\n"
    (finding,) = gone_in("README.md", text, names)
    assert (finding.line, finding.text) == (
        2,
        "zdtm/workloads/pipes/full.c does not exist",
    )


def test_other_paths_are_none_of_the_tree() -> None:
    text = "harness/x.py build/release/a.txt /proc/cr/x.c ../cr/gone.h cr/docs"
    assert not list(gone_in("cr/README.md", text, ["cr/README.md"]))
