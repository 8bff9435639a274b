#!/usr/bin/python3
"""Says in one line which tests a run of ctest left out because the machine cannot checkpoint; nothing if there are none.

usage: ci/left_out.py CTEST.XML     (what ctest wrote with --output-junit; none was written when nothing was run)
"""

import sys
import xml.etree.ElementTree as xml
from pathlib import Path

# A test of the matrix, or bench.smoke, ends with 77 where ci/host.py says no, and nothing else does (ci/, bench/CMakeLists.txt).
_SKIPPED = "SKIP_RETURN_CODE=77"


def left_out(junit: str) -> list[str]:
    """Names of the tests that ended so."""
    return sorted(
        case.get("name", "?")
        for case in xml.fromstring(junit).iter("testcase")
        for skipped in case.iter("skipped")
        if _SKIPPED in (skipped.get("message") or "")
    )


def _passed(junit: str, name: str) -> bool:
    return any(
        case.get("name") == name and case.get("status") == "run"
        for case in xml.fromstring(junit).iter("testcase")
    )


def summary(junit: str) -> str:
    names = left_out(junit)
    if not names:
        return ""
    told = f"{len(names)} LEFT OUT, because this machine cannot checkpoint (ci/host.py says why): {', '.join(names)}."
    if "matrix.host" in names and _passed(junit, "matrix.vm"):
        return f"{told} matrix.vm ran the cells of matrix.host instead; nothing stands in for the others."
    return f"{told} Nothing stands in for them."


if __name__ == "__main__":
    (path,) = map(Path, sys.argv[1:])
    if path.exists() and (told := summary(path.read_text())):
        print(f"\n== {told}")
