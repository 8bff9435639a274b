"""Results as JUnit XML, JSON lines, one HTML page, and a table for the terminal."""

from __future__ import annotations

from pathlib import Path

from harness.report.finished import Finished, too_few
from harness.report.html import html_page
from harness.report.lines import from_json_lines, json_lines, junit_xml
from harness.report.text import text_summary

RESULTS = "results.jsonl"

__all__ = [
    "RESULTS",
    "Finished",
    "from_json_lines",
    "text_summary",
    "too_few",
    "write_reports",
]


def write_reports(folder: Path, finished: list[Finished], seed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESULTS).write_text(json_lines(finished))
    (folder / "junit.xml").write_text(junit_xml(finished))
    (folder / "index.html").write_text(html_page(finished, seed))
