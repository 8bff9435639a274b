"""ci/test ends with a line about what was skipped because the machine cannot checkpoint. As ctest 3.25 writes it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from left_out import left_out, summary

CI = Path(__file__).parent.parent
JUNIT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="Linux-c++" tests="4" failures="1" disabled="1" skipped="1" hostname="" time="3">
	<testcase name="unit.base" classname="unit.base" time="0.1" status="run"/>
	<testcase name="matrix.host" classname="matrix.host" time="0.2" status="notrun">
		<skipped message="SKIP_RETURN_CODE=77"/>
		<properties/>
	</testcase>
	<testcase name="matrix.apps" classname="matrix.apps" time="0.2" status="notrun">
		<skipped message="SKIP_RETURN_CODE=77"/>
	</testcase>
	<testcase name="bench.smoke" classname="bench.smoke" time="0" status="disabled">
		<skipped message="Disabled"/>
	</testcase>
	<testcase name="checks.types" classname="checks.types" time="1" status="fail">
		<failure message="Failed"/>
	</testcase>
</testsuite>
"""


def test_only_what_the_machine_cannot_do_is_named() -> None:
    assert left_out(JUNIT) == ["matrix.apps", "matrix.host"]
    assert summary(JUNIT).startswith("2 LEFT OUT")
    assert ": matrix.apps, matrix.host. Nothing stands in" in summary(JUNIT)


@pytest.mark.parametrize("status, stands_in", [("run", True), ("fail", False)])
def test_only_a_matrix_of_machines_that_ran_stands_in(
    status: str, stands_in: bool
) -> None:
    machines = f'<testcase name="matrix.vm" status="{status}"/></testsuite>'
    told = summary(JUNIT.replace("</testsuite>", machines))
    assert ("matrix.vm ran the cells of matrix.host instead" in told) == stands_in


def test_nothing_left_out_is_not_worth_a_line() -> None:
    assert summary("<testsuite><testcase name='a'/></testsuite>") == ""


def test_the_line_is_the_last_word_of_ci_test(tmp_path: Path) -> None:
    """With planted commands: ctest fails and writes its report, and the line stands below the summary."""
    (tmp_path / "ci").mkdir()
    for name in ("test", "lib.sh", "left_out.py"):
        shutil.copy(CI / name, tmp_path / "ci")
    planted = tmp_path / "bin"
    planted.mkdir()
    report = tmp_path / "build" / "release" / "ctest.xml"
    report.parent.mkdir(parents=True)
    (tmp_path / "junit").write_text(JUNIT)
    for path, text in (
        (tmp_path / "ci" / "setup", "exit 0"),
        (planted / "cmake", "exit 0"),
        (planted / "ctest", f"cp {tmp_path}/junit {report}; exit 8"),
    ):
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    done = subprocess.run(
        [tmp_path / "ci" / "test"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PATH": f"{planted}:{os.environ['PATH']}"},
    )
    assert done.returncode == 8, done
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("== 2 LEFT OUT") and "matrix.apps" in last, done.stderr
