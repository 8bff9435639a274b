"""Images of older engines: each restores, or is refused where this test itself sees that the machine lacks what it needs."""

from __future__ import annotations

import errno
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Optional

import pytest
from conftest import Run
from engine_under_test import engine_with_images

from harness import golden
from harness.cells import FAIL, PASS, CellResult

IMAGES = sorted(golden.HERE.glob("*/*.img"))
# What every CPU of the last ten years has; more would leave the images unrestored somewhere.
COMMON = frozenset(
    "avx lahf_lm pni popcnt rdrand sse4_1 sse4_2 ssse3 xsave xsaveopt".split()
)
X87_SSE_AVX = 7


@dataclass
class Tally:
    tried: int = 0
    restored: int = 0


@pytest.fixture(scope="module")
def tally() -> Iterator[Tally]:
    found = Tally()
    yield found
    assert found.restored or not found.tried, "no image was restored on this machine"


def test_there_are_some() -> None:
    assert {path.stem for path in IMAGES} >= golden.TREES.keys()


@pytest.mark.engine
@pytest.mark.parametrize(
    "image", IMAGES, ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_restores(
    run: Run, image: Path, tally: Tally, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    engine = engine_with_images(pytestconfig, tmp_path)
    origin = origin_of(image, engine.program)
    features = frozenset(origin["cpu_features"])
    assert features <= COMMON and int(str(origin["xfeatures"])) == X87_SSE_AVX
    missing = " ".join(sorted(features - cpu_flags())) or word_size_missing(
        image.parent, origin["word_sizes"]
    )
    tally.tried += 1
    result = run(
        image.stem,
        "golden-restored",
        engine.adapter,
        engine_program=engine.program,
        options={"folder": str(image.parent), "image": image.name},
    )
    if was_restored(result, missing):
        tally.restored += 1
    else:
        pytest.skip(f"refused, and rightly: {result.reason}")


def was_restored(result: CellResult, missing: str) -> bool:
    """A refusal is right only for what we have seen to be missing, and then nothing else is."""
    told = f"{result.reason}\n{result.log}"
    if not missing:
        assert result.verdict == PASS, told
        return True
    assert result.verdict == FAIL and missing in result.reason, told
    return False


@pytest.mark.parametrize(
    "verdict, reason, missing, restored",
    [
        (PASS, "", "", True),
        (FAIL, "this CPU lacks avx, which", "", None),
        (FAIL, "this CPU lacks avx, which", "avx", False),
        (FAIL, "the stack is full", "avx", None),
        (PASS, "", "avx", None),
    ],
)
def test_a_refusal_without_a_cause_is_none(
    verdict: str, reason: str, missing: str, restored: Optional[bool]
) -> None:
    result = CellResult("x", verdict, reason)
    if restored is None:
        with pytest.raises(AssertionError):
            was_restored(result, missing)
    else:
        assert was_restored(result, missing) == restored


def origin_of(image: Path, engine: str) -> dict[str, list[str]]:
    argv = [engine, "show", str(image), "--json"]
    shown = subprocess.run(argv, check=True, capture_output=True, timeout=60)
    found: dict[str, list[str]] = json.loads(shown.stdout)["origin"]
    return found


def cpu_flags() -> frozenset[str]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return frozenset(next(x for x in lines if x.startswith("flags")).split())


def word_size_missing(folder: Path, word_sizes: list[str]) -> str:
    """In the engine's words; empty if the kernel runs all of them."""
    if 32 not in map(int, word_sizes):
        return ""
    try:
        # It waits for a signal that does not come: that it was executed is enough.
        process = subprocess.Popen([folder / "program32"], stdin=subprocess.DEVNULL)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        return "which this kernel does not run"
    process.kill()
    process.wait()
    return ""
