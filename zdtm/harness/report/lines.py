"""The machine-readable results."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from harness.cases import Cell, HeadError, read_workload
from harness.cells import ERROR, FAIL, PASS, SKIP, VERDICTS, CellResult
from harness.report.finished import Finished, counts

# XML 1.0 cannot carry these, not even escaped.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def json_lines(finished: list[Finished]) -> str:
    return "".join(json.dumps(_record(entry)) + "\n" for entry in finished)


def _record(entry: Finished) -> dict[str, Any]:
    cell, result = entry.cell, entry.result
    return {
        "id": result.id,
        "group": cell.workload.group,
        "workload": cell.workload.name,
        "rows": cell.workload.rows,
        "scenario": cell.scenario,
        "engine": cell.engine,
        "machine": cell.machine,
        "source": cell.source,
        "word_size": cell.word_size,
        "repeat": cell.repeat,
        "verdict": result.verdict,
        "reason": result.reason,
        "missing": result.missing,
        "kernel": result.kernel,
        "seconds": round(result.seconds, 4),
        "timings_ms": {name: round(ms, 2) for name, ms in result.timings_ms.items()},
        "notes": result.notes,
        "uncompared": result.uncompared,
        "lost": result.lost,
        # Of what passed nobody reads it, and there are thousands.
        "log": "" if result.verdict == PASS else result.log,
        "command": entry.command,
    }


def from_json_lines(text: str, workloads: Path) -> list[Finished]:
    """What `json_lines` wrote, together with the sources of the same tree. ValueError: it is none of that."""
    return [
        _finished(number, line, workloads)
        for number, line in enumerate(text.splitlines(), 1)
    ]


def _finished(number: int, line: str, workloads: Path) -> Finished:
    try:
        record = json.loads(line)
        source = workloads / record["group"] / f"{record['workload']}.c"
        cell = Cell(
            read_workload(source),
            **{
                name: record[name]
                for name in (
                    ("scenario", "engine", "machine", "source", "word_size", "repeat")
                )
            },
        )
        names = {each.name for each in fields(CellResult)}
        result = CellResult(**{name: record[name] for name in names & record.keys()})
        command = str(record["command"])
    except (ValueError, KeyError, TypeError, OSError, HeadError) as error:
        raise ValueError(f"line {number}: {type(error).__name__}: {error}") from error
    if result.id != cell.id or result.verdict not in VERDICTS:
        raise ValueError(
            f"line {number}: {result.verdict!r} of {result.id!r}, which is not {cell.id!r}"
        )
    return Finished(cell, result, command)


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
