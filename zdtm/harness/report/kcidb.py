"""Results in the shape that kernelci takes: checkouts, builds and tests (kcidb-io, schema version 5).

Written after its description; kcidb-io itself, which Debian does not have, has not looked at it. A kernel is Debian's build of Debian's sources, so each is a checkout and a build of its own. Nothing is sent from here:
`kcidb-submit` does that for whoever has an account, under the name of origin that it has.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from harness.cells import ERROR, FAIL, PASS, SKIP
from harness.report.finished import Finished

ORIGIN = "cr"
STATUS = {PASS: "PASS", FAIL: "FAIL", ERROR: "ERROR", SKIP: "SKIP"}
LOG_EXCERPT = 16384  # characters, no more
NOT_IN_PATHS = re.compile("[^.a-zA-Z0-9_-]")


def kcidb(finished: list[Finished], seed: int, now: datetime) -> str:
    kernels = sorted({x.result.kernel for x in finished if x.result.kernel})
    told = {
        "version": {"major": 5, "minor": 3},
        "checkouts": [_checkout(release) for release in kernels],
        "builds": [_build(release) for release in kernels],
        "tests": [_test(x, seed, now) for x in finished if x.result.kernel],
    }
    return json.dumps(told, indent=1) + "\n"


def _checkout(release: str) -> dict[str, Any]:
    return {"id": f"{ORIGIN}:{release}", "origin": ORIGIN, "comment": release}


def _build(release: str) -> dict[str, Any]:
    return {
        "id": f"{ORIGIN}:{release}-x86_64",
        "origin": ORIGIN,
        "checkout_id": f"{ORIGIN}:{release}",
        "architecture": "x86_64",
        "comment": release,
        "status": "PASS",  # it has booted
    }


def _test(entry: Finished, seed: int, now: datetime) -> dict[str, Any]:
    cell, result = entry.cell, entry.result
    words = ("checkpoint", cell.scenario, cell.workload.group, cell.workload.name)
    told: dict[str, Any] = {
        "id": f"{ORIGIN}:{now:%Y%m%d%H%M%S}-{seed}-{NOT_IN_PATHS.sub('_', result.id)}",
        "origin": ORIGIN,
        "build_id": f"{ORIGIN}:{result.kernel}-x86_64",
        "path": ".".join(NOT_IN_PATHS.sub("_", word) for word in words),
        "comment": cell.workload.promise,
        "status": STATUS[result.verdict],
        "duration": round(result.seconds, 3),
        "environment": {"comment": cell.machine},
        "misc": {
            "engine": cell.engine,
            "word_size": cell.word_size,
            "from": cell.source,
            "again": entry.command,
        },
    }
    if result.verdict != PASS:
        told["log_excerpt"] = f"{result.reason}\n\n{result.log}"[:LOG_EXCERPT]
    return told
