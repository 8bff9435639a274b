"""Reports show every verdict, escape what programs say, and carry the command that repeats a cell."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

from harness.cases import Selection, parse_head
from harness.cells import ERROR, FAIL, PASS, SKIP, CellResult
from harness.report import Finished, changes, text_summary, write_reports
from harness.report.rows import by_row

EVIL = "<script>alert('\x1b\x00')</script> & \"quotes\" \ud800"


def finished() -> list[Finished]:
    source = Path("zdtm/workloads/pipes/data.c")
    workload = parse_head(source, "// Bytes & <tags> survive.\n// rows: P1 F2\n")
    cells = list(Selection(engines=("cr", "criu")).cells(workload))
    verdicts = [PASS, FAIL, ERROR, SKIP]
    return [
        Finished(
            cell,
            CellResult(
                cell.id,
                verdicts[number % 4],
                EVIL.encode("utf-8", "replace").decode(),
                EVIL[:-1],
                kernel="6.12.107+deb13-cloud-amd64",
            ),
            f"pytest '{cell.id}'",
        )
        for number, cell in enumerate(cells)
    ]


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.ids: set[str] = set()
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.scripts += tag == "script"
        if (link := found.get("href")) and link.startswith("#"):
            self.targets.add(link[1:])
        if name := found.get("id"):
            self.ids.add(name)
        assert "src" not in found, "the page must hold everything itself"


def test_all_files(tmp_path: Path) -> None:
    entries = finished()
    write_reports(tmp_path, entries, 7)

    lines = [
        json.loads(line)
        for line in (tmp_path / "results.jsonl").read_text().splitlines()
    ]
    assert [line["id"] for line in lines] == [entry.result.id for entry in entries]

    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()[0]
    assert int(suite.get("tests", "0")) == len(entries)
    tally = [entry.result.verdict for entry in entries]
    assert int(suite.get("failures", "0")) == tally.count(FAIL)
    assert int(suite.get("errors", "0")) == tally.count(ERROR)

    page = Links()
    text = (tmp_path / "index.html").read_text()
    page.feed(text)
    assert page.scripts == 1 and "<script>alert" not in text
    red = {entry for entry in page.targets}
    assert red and red <= page.ids
    for entry in entries:
        if entry.result.verdict in (FAIL, ERROR):
            assert f"pytest &#x27;{entry.cell.id}&#x27;" in text


def test_the_terminal_table_counts_and_names() -> None:
    entries = finished()
    text = text_summary(entries)
    assert "fail: " in text and "error: " in text and "skip: " in text
    assert "rows of state carried:" in text and "P1" in text
    assert "again: " in text


def test_what_is_refused_is_not_called_carried() -> None:
    source = Path("zdtm/workloads/refused/eventfd.c")
    workload = parse_head(
        source, "// It is refused.\n// rows: F5\n// refused: kind=eventfd\n"
    )
    cells = list(Selection(engines=("cr",)).cells(workload))
    entries = [Finished(cell, CellResult(cell.id, PASS), "again") for cell in cells]
    row = by_row(entries)["F5"]
    assert not row.carried and {x.cell.scenario for x in row.refused} == {"refused"}
    assert "carried" not in text_summary(entries)
    assert "rows of state refused by name:  F5 2/2" in text_summary(entries)


def test_what_a_pass_does_not_show_is_counted(tmp_path: Path) -> None:
    entries = finished()
    assert " cells " not in text_summary(entries)
    name = entries[0].result.id
    entries[0].result.lost.append("no answer in 90 s")
    entries[0].result.uncompared += ["pid 2 state", "pid 3 state"]
    told = (
        f"1 cells needed a second machine; {name}: no answer in 90 s",
        f"1 cells had facts that never stood still; {name}: pid 2 state",
    )
    write_reports(tmp_path, entries, 7)
    page = (tmp_path / "index.html").read_text()
    assert all(line in text_summary(entries) and line in page for line in told)


def test_kernelci_can_take_it(tmp_path: Path) -> None:
    entries = finished()
    write_reports(tmp_path, entries, 7)
    told = json.loads((tmp_path / "kcidb.json").read_text())
    ids = {
        kind: [x["id"] for x in told[kind]] for kind in ("checkouts", "builds", "tests")
    }
    assert len(ids["tests"]) == len(set(ids["tests"])) == len(entries)
    assert {x["checkout_id"] for x in told["builds"]} == set(ids["checkouts"])
    assert {x["build_id"] for x in told["tests"]} == set(ids["builds"])
    assert {x["status"] for x in told["tests"]} == {"PASS", "FAIL", "ERROR", "SKIP"}
    for each in [x for kind in ids for x in told[kind]]:
        assert each["origin"] and each["id"].startswith(each["origin"] + ":")
    for test in told["tests"]:
        assert re.fullmatch("[.a-zA-Z0-9_-]+", test["path"])
        assert len(test.get("log_excerpt", "")) <= 16384
        assert ("log_excerpt" in test) == (test["status"] != "PASS")


def test_what_changed_since_an_earlier_run_is_told(tmp_path: Path) -> None:
    entries = finished()
    write_reports(tmp_path / "before", entries[1:], 7)
    entries[2].result.verdict = PASS  # was an error
    changed = changes(tmp_path / "before", entries[:-1])
    assert [(x.result.id, was) for x, was in changed.other] == [
        (entries[2].result.id, ERROR)
    ]
    assert (changed.new, changed.gone) == (1, 1)
    write_reports(tmp_path / "now", entries[:-1], 7, changed)
    page = (tmp_path / "now" / "index.html").read_text()
    assert "1 cells changed, 1 are new, 1 are gone" in page
    assert changes(tmp_path / "now", entries[:-1]).other == []
