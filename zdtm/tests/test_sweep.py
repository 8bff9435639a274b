"""Every damage to an image is noticed; and a verifier that does not notice is caught."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import HERE, LIBRARY, Run
from engine_under_test import engine_with_images

from harness import golden
from harness.cells import FAIL, PASS, EngineSpec
from harness.plugin import KEY


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
def test_the_reader_notices_every_damage(
    run: Run, small: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    programs = [small, *others(pytestconfig)]
    sweep_all(
        run, pytestconfig, programs, "swept", "cr_image_sweep", tmp_path, reader=0
    )


# Kept images of one process of each word size, and of two with a pipe between them.
KEPT = ("one64", "one32", "tree64")


@pytest.mark.engine
@pytest.mark.parametrize("name", KEPT)
def test_the_commands_notice_every_damage(
    run: Run, name: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """`verify` and `restore`, each started for every damage with --full, and for some else."""
    full = bool(pytestconfig.option.full)
    engine, sweeper = tool(pytestconfig, tmp_path, "cr_image_sweep")
    result = run(
        name,
        "swept",
        engine.adapter,
        engine_program=f"{engine.program}-static",  # the same engine, and starts in a fraction of the time
        seed=pytestconfig.stash[KEY].seed,
        deadline_s=4 * 3600.0,
        options={
            "sweeper": str(sweeper),
            "image": str(max(golden.HERE.glob(f"*/{name}.img"))),
            "shares": 2,
            "verify": 0 if full else 400,
            "restore": 0 if full else 100,
        },
    )
    assert result.verdict == PASS, f"{result.reason}\n{result.log}"
    print(result.notes)


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
        restore_every=100 if pytestconfig.option.full else 10,
    )


GOOD = "seed=1 tried=$((S*9)) unchanged=0 accepted=0 wrong_kind=0 slow=0 slowest_us=9"
# Each would be taken for a good result by somebody who looks at one number only.
BAD_ACCOUNTS = {
    "nothing said": ("exit 0", "no account"),
    "another file": (f"echo bytes=1 {GOOD}", "no account"),
    "a sample": (f"echo bytes=$S {GOOD.replace('*9', '')}", "only"),
    "one accepted": (
        f"echo bytes=$S {GOOD.replace('accepted=0', 'accepted=1')}",
        "1 of",
    ),
    "one slow": (f"echo bytes=$S {GOOD.replace('slow=0', 'slow=1')}", "1 of"),
    "a bad end": (f"echo bytes=$S {GOOD}; exit 1", "(exit [1])"),
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
        "swept",
        "sabotage:StartsAnew",
        options={"sweeper": str(sweeper), "reader": 0},
    )
    assert result.verdict == FAIL and reason in result.reason, result


# Blind to the last byte; blind to cuts; right in what it says, but with the wrong exit code.
BLIND = {
    "tail": 'cmp -s -n "$(($(stat -c %s ORIGINAL) - 1))" ORIGINAL "$1" || exit 4',
    "cuts": 's=$(stat -L -c %s "$1"); cmp -s -n "$s" ORIGINAL "$1" || exit 4',
    "code": 'cmp -s ORIGINAL "$1" || exit 1',
}


@pytest.mark.engine
@pytest.mark.parametrize("name", ["honest", *BLIND])
def test_a_blind_verifier_is_caught(
    tmp_path: Path, pytestconfig: pytest.Config, name: str
) -> None:
    _, sweeper = tool(pytestconfig, tmp_path, "cr_image_sweep")
    image = tmp_path / "original"
    subprocess.run([sweeper, image, "--make-example"], check=True, timeout=60)
    text = BLIND.get(name, 'cmp -s ORIGINAL "$1" || exit 4')
    verifier = tmp_path / "verifier"
    verifier.write_text(f"#!/bin/sh\n{text.replace('ORIGINAL', str(image))}\n")
    verifier.chmod(0o755)
    done = subprocess.run(
        [sweeper, image, "--sample", "100", "--with", verifier],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == (0 if name == "honest" else 1), done.stdout
