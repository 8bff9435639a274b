"""The machine-readable results."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

from harness.cells import ERROR, FAIL, SKIP
from harness.report.finished import Finished, counts

# XML 1.0 cannot carry these, not even escaped.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def json_lines(finished: list[Finished]) -> str:
    lines = []
    for entry in finished:
        cell, result = entry.cell, entry.result
        record = {
            "id": result.id,
            "group": cell.workload.group,
            "workload": cell.workload.name,
            "rows": cell.workload.rows,
            "scenario": cell.scenario,
            "engine": cell.engine,
            "machine": cell.machine,
            "word_size": cell.word_size,
            "repeat": cell.repeat,
            "verdict": result.verdict,
            "reason": result.reason,
            "seconds": round(result.seconds, 4),
            "timings_ms": {
                name: round(ms, 2) for name, ms in result.timings_ms.items()
            },
            "notes": result.notes,
            "uncompared": result.uncompared,
            "lost": result.lost,
            "command": entry.command,
        }
        lines.append(json.dumps(record) + "\n")
    return "".join(lines)


def junit_xml(finished: list[Finished]) -> str:
    tally = counts(finished)
    suite = ElementTree.Element(
        "testsuite",
        name="matrix",
        tests=str(len(finished)),
        failures=str(tally[FAIL]),
        errors=str(tally[ERROR]),
        skipped=str(tally[SKIP]),
        time=f"{sum(entry.result.seconds for entry in finished):.3f}",
    )
    for entry in finished:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=f"{entry.cell.workload.group}.{entry.cell.workload.name}",
            name=entry.cell.label,
            time=f"{entry.result.seconds:.3f}",
        )
        tag = {FAIL: "failure", ERROR: "error", SKIP: "skipped"}.get(
            entry.result.verdict
        )
        if tag:
            told = ElementTree.SubElement(
                case, tag, message=_clean(entry.result.reason[:300])
            )
            told.text = _clean(
                f"{entry.result.reason}\n{entry.result.log}\nagain: {entry.command}"
            )
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _clean(text: str) -> str:
    return FORBIDDEN.sub("?", text)
