#!/usr/bin/python3
"""Says in one line which tests a run of ctest left out because the machine cannot checkpoint; nothing if there are none.

usage: ci/left_out.py CTEST.XML     (what ctest wrote with --output-junit; none was written when nothing was run)
"""

import sys
import xml.etree.ElementTree as xml
from pathlib import Path

# A test of the matrix ends with 77 where ci/host.py says no, and with nothing else (ci/CMakeLists.txt).
_SKIPPED = "SKIP_RETURN_CODE=77"


def left_out(junit: str) -> list[str]:
    """Names of the tests that ended so."""
    return sorted(
        case.get("name", "?")
        for case in xml.fromstring(junit).iter("testcase")
        for skipped in case.iter("skipped")
        if _SKIPPED in (skipped.get("message") or "")
    )


def summary(names: list[str]) -> str:
    if not names:
        return ""
    return (
        f"{len(names)} LEFT OUT, because this machine cannot checkpoint (ci/host.py says why): {', '.join(names)}."
        " matrix.vm runs the cells of matrix.host instead; nothing stands in for the others."
    )


if __name__ == "__main__":
    (path,) = map(Path, sys.argv[1:])
    if path.exists() and (told := summary(left_out(path.read_text()))):
        print(f"\n== {told}")
