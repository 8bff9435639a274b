"""Every damage to an image is noticed; and a verifier that does not notice is caught."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from conftest import HERE, LIBRARY, Run
from engine_under_test import engine_spec, engine_with_images

from harness.cells import FAIL, PASS, EngineSpec
from harness.machines.host import HostMachine
from harness.plugin import KEY
from harness.sweep import Damage, damages, sweep

IMAGE = bytes(range(64)) + b"\0" * 64


def test_full_sweep_has_every_cut_and_every_bit() -> None:
    todo = list(damages(IMAGE, True, random.Random(1)))
    assert {d.where for d in todo if d.kind == "cut"} == set(range(128))
    assert {d.where for d in todo if d.kind == "flip"} == set(range(1024))
    assert any(d.kind == "swap" for d in todo)


def test_every_damage_changes_the_image() -> None:
    for damage in damages(IMAGE, True, random.Random(1)):
        assert damage.apply(IMAGE) != IMAGE, damage


def test_sample_is_smaller_repeats_with_its_seed_and_keeps_the_edges() -> None:
    image = random.Random(5).randbytes(100_000)
    once = list(damages(image, False, random.Random(7)))
    assert once == list(damages(image, False, random.Random(7)))
    assert once != list(damages(image, False, random.Random(8)))
    assert len(once) < 10_000
    bytes_hit = {d.where // 8 for d in once if d.kind == "flip"}
    assert bytes_hit >= set(range(1024)) | set(range(100_000 - 1024, 100_000))


def test_cut_and_flip() -> None:
    assert Damage("cut", 3).apply(b"abcdef") == b"abc"
    assert Damage("flip", 8).apply(b"aaa") == b"a`a"
    assert Damage("swap", 2, 2).apply(b"abcdef") == b"cdabef"


def verifier(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "original").write_bytes(IMAGE)
    return [
        "/bin/sh",
        "-c",
        text.replace("ORIGINAL", str(tmp_path / "original")),
        "verify",
    ]


def test_an_honest_verifier_passes(tmp_path: Path) -> None:
    command = verifier(tmp_path, 'cmp -s ORIGINAL "$1" || exit 4')
    todo = list(damages(IMAGE, True, random.Random(1)))
    assert sweep(IMAGE, command, todo[::5], 2, tmp_path) == []


# Blind to the last byte; blind to cuts; right in what it says, but with the wrong exit code.
BLIND = {
    "tail": 'cmp -s -n 127 ORIGINAL "$1" || exit 4',
    "cuts": 's=$(stat -c %s "$1"); cmp -s -n "$s" ORIGINAL "$1" || exit 4',
    "code": 'cmp -s ORIGINAL "$1" || exit 1',
}


@pytest.mark.parametrize("name", BLIND)
def test_a_blind_verifier_is_caught(tmp_path: Path, name: str) -> None:
    todo = [
        d
        for d in damages(IMAGE, True, random.Random(1))
        if d.where % 3 == 0 or d.where > 1000
    ]
    assert sweep(IMAGE, verifier(tmp_path, BLIND[name]), todo, 2, tmp_path)


@pytest.fixture
def small(tmp_path: Path) -> str:
    """A static program has the smallest image, so the whole of it can be swept."""
    program = tmp_path / "small"
    sources = [str(HERE / "programs" / "position.c"), *map(str, LIBRARY.glob("*.c"))]
    subprocess.run(
        ["gcc", "-std=gnu11", "-O1", "-static", "-D_GNU_SOURCE", f"-I{LIBRARY}"]
        + ["-o", str(program), *sources],
        check=True,
        timeout=120,
    )
    return str(program)


@pytest.mark.engine
def test_the_engine_notices_every_damage(
    run: Run, small: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    engine = engine_spec(
        pytestconfig, HostMachine(pytestconfig.stash[KEY].build, tmp_path)
    )
    full = bool(pytestconfig.option.full)
    result = run(
        small,
        "swept",
        engine.adapter,
        engine_program=engine.program,
        seed=pytestconfig.stash[KEY].seed,
        deadline_s=7200.0 if full else 300.0,
        options={"full": full, "jobs": 2, "restores": 20_000 if full else 200},
    )
    assert result.verdict == PASS, f"{result.reason}\n{result.log}"
    print(result.notes)


# Beside the small one: threads of a 32-bit process, several processes with data between them.
OTHERS = ("m32/conditions", "m64/pipeline")


def tool(config: pytest.Config, tmp_path: Path, name: str) -> tuple[EngineSpec, Path]:
    engine = engine_with_images(config, tmp_path)
    path = config.stash[KEY].build / "bin" / name
    assert path.exists(), f"{path} is not built"
    return engine, path


def others(config: pytest.Config) -> list[str]:
    """Only with --full: their images are ten times as large, and each damage is looked for in the whole."""
    full = bool(config.option.full)
    return [str(config.stash[KEY].build / "zdtm" / name) for name in OTHERS if full]


def sweep_all(
    run: Run,
    config: pytest.Config,
    programs: list[str],
    scenario: str,
    tool_name: str,
    tmp_path: Path,
    **options: int,
) -> None:
    engine, sweeper = tool(config, tmp_path, tool_name)
    for program in programs:
        result = run(
            program,
            scenario,
            engine.adapter,
            engine_program=engine.program,
            seed=config.stash[KEY].seed,
            deadline_s=7200.0,
            options={"sweeper": str(sweeper), **options},
        )
        assert result.verdict == PASS, f"{result.reason}\n{result.log}"
        print(result.notes)


@pytest.mark.engine
def test_the_reader_notices_every_bit_and_every_length(
    run: Run, small: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    programs = [small, *others(pytestconfig)]
    sweep_all(run, pytestconfig, programs, "swept-inside", "cr_image_sweep", tmp_path)


@pytest.mark.engine
def test_nothing_fools_what_is_behind_the_checksums(
    run: Run, small: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    programs = [small, *others(pytestconfig)]
    sample = 0 if pytestconfig.option.full else 5000
    sweep_all(
        run,
        pytestconfig,
        programs,
        "swept-repaired",
        "cr_repaired_sweep",
        tmp_path,
        sample=sample,
    )


# Each would be taken for a good result by somebody who looks at one number only.
BAD_ACCOUNTS = {
    "nothing said": ("exit 0", "no account"),
    "another file": (
        "echo bytes=1 seed=1 tried=99999 unchanged=0 accepted=0 wrong_kind=0",
        "no account",
    ),
    "a sample": (
        "echo bytes=$S seed=1 tried=$S unchanged=0 accepted=0 wrong_kind=0",
        "only",
    ),
    "one accepted": (
        "echo bytes=$S seed=1 tried=$((S*9)) unchanged=0 accepted=1 wrong_kind=0",
        "1 damages were accepted",
    ),
    "a bad end": (
        "echo bytes=$S seed=1 tried=$((S*9)) unchanged=0 accepted=0 wrong_kind=0; exit 1",
        "(exit 1)",
    ),
}


@pytest.mark.parametrize("name", BAD_ACCOUNTS)
def test_a_bad_account_of_the_sweeper_is_caught(
    run: Run, tmp_path: Path, name: str
) -> None:
    text, reason = BAD_ACCOUNTS[name]
    sweeper = tmp_path / "sweeper"
    sweeper.write_text(f'#!/bin/sh\nS=$(stat -c %s "$1")\n{text}\n')
    sweeper.chmod(0o755)
    result = run(
        "position",
        "swept-inside",
        "sabotage:StartsAnew",
        options={"sweeper": str(sweeper)},
    )
    assert result.verdict == FAIL and reason in result.reason, result
