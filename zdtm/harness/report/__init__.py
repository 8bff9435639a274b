"""Results as JUnit XML, JSON lines, one HTML page, what kernelci takes, and a table for the terminal."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Optional

from harness.report.changes import Changes, changes
from harness.report.finished import Finished, too_few
from harness.report.html import html_page
from harness.report.kcidb import kcidb
from harness.report.lines import from_json_lines, json_lines, junit_xml
from harness.report.text import text_summary

RESULTS = "results.jsonl"

__all__ = [
    "RESULTS",
    "Changes",
    "Finished",
    "changes",
    "from_json_lines",
    "text_summary",
    "too_few",
    "write_reports",
]


def write_reports(
    folder: Path,
    finished: list[Finished],
    seed: int,
    changed: Optional[Changes] = None,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESULTS).write_text(json_lines(finished))
    (folder / "junit.xml").write_text(junit_xml(finished))
    (folder / "kcidb.json").write_text(
        kcidb(finished, seed, datetime.now(timezone.utc))
    )
    (folder / "index.html").write_text(html_page(finished, seed, changed))
