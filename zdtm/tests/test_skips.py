"""Which verdicts are believed: a skip only for what the program declares and the machine lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import pytest

from harness.cases import parse_head
from harness.cells import ERROR, FAIL, PASS, SKIP, CellResult
from harness.plugin import contradiction
from harness.presence import OF_THE_CPU, is_present

HEAD = "// A feature survives.\n// rows: M1\n// attr: needs=IPv4,io_uring,avx\n"


def judged(verdict: str, missing: str = "", lacks: Optional[set[str]] = None) -> str:
    result = CellResult("x", verdict, missing=missing)
    known = None if lacks is None else frozenset(lacks)
    return contradiction(result, parse_head(Path("files/x.c"), HEAD), known)


@pytest.mark.parametrize("verdict", [PASS, FAIL, ERROR])
def test_what_ran_is_believed(verdict: str) -> None:
    assert judged(verdict) == judged(verdict, lacks={"mseal"}) == ""


def test_a_machine_that_nobody_knows_may_lack_what_is_needed() -> None:
    assert judged(SKIP, "IPv4") == judged(SKIP, "io uring") == ""
    assert "nobody expects" in judged(SKIP, "IPv6")
    assert "nobody expects" in judged(SKIP, "IPv")


def test_a_known_machine_lacks_only_what_is_said() -> None:
    assert judged(SKIP, "IPv4", {"IPv4"}) == ""
    assert "said to have it" in judged(SKIP, "IPv4", {"io uring"})
    assert "nobody expects" in judged(SKIP, "mseal", {"mseal"})


def test_the_cpu_is_not_the_kernels_business() -> None:
    assert judged(SKIP, "avx", {"IPv4"}) == ""


def test_a_verdict_that_nobody_knows_is_no_pass() -> None:
    assert "no verdict is called 'passed'" in judged("passed")


def test_features_of_the_cpu_are_looked_up(tmp_path: Path) -> None:
    bugs = tmp_path / "sys/devices/system/cpu/vulnerabilities"
    bugs.mkdir(parents=True)
    (tmp_path / "proc").mkdir()
    cpuinfo = tmp_path / "proc/cpuinfo"
    cpuinfo.write_text("processor\t: 0\nflags\t\t: fpu avx2 pku\n")
    assert not any(is_present(feature, tmp_path) for feature in OF_THE_CPU)
    cpuinfo.write_text("processor\t: 0\nflags\t\t: avx ospke avx512bw\n")
    told = bugs / "spec_store_bypass"
    told.write_text("Mitigation: Speculative Store Bypass disabled via prctl\n")
    assert all(is_present(feature, tmp_path) for feature in OF_THE_CPU)
    told.write_text("Vulnerable\n")
    assert not is_present("speculation control", tmp_path)
