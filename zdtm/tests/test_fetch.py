"""Programs of other suites and architectures that the host runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from vmlab import cache

from harness.fetch import criu
from harness.fetch.busybox32 import busybox32
from harness.fetch.debian import FetchError, unpacked


def test_criu_runs_with_libraries_of_its_own() -> None:
    done = subprocess.run(
        [str(criu.criu_start_script()), "--version"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Version: 4")


@pytest.fixture
def in_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a criu stands that is found before any other."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path / "criu"


def test_a_criu_in_the_path_goes_first(in_path: Path) -> None:
    in_path.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Version: 9"\n')
    in_path.chmod(0o755)
    assert criu.criu_program() == in_path


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 1\n", "#!/no/such/shell\n"])
def test_one_that_does_not_run_is_passed_over(
    in_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    in_path.write_text(text)
    in_path.chmod(0o755)
    monkeypatch.setattr(criu, "criu_start_script", lambda: Path("/fetched"))
    assert criu.criu_program() == Path("/fetched")


def test_a_start_script_that_leads_elsewhere_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In a cache of its own: others may be using the script. The packages are shared.
    unpacked("criu")
    for shared in ("debs", "stand-ins"):
        if (cache.root() / shared).exists():
            (tmp_path / shared).symlink_to(cache.root() / shared)
    monkeypatch.setenv("CR_CACHE", str(tmp_path))
    script = criu.criu_start_script()
    good = script.read_text()
    script.write_text("#!/bin/false\n")
    assert criu.criu_start_script().read_text() == good
    assert str(tmp_path) in good and os.access(script, os.X_OK)


def test_busybox_is_a_32_bit_program_that_runs() -> None:
    program = busybox32()
    assert program.read_bytes()[:5] == b"\x7fELF\x01"
    done = subprocess.run(
        [str(program), "echo", "here"], capture_output=True, timeout=60
    )
    assert done.stdout == b"here\n"


def test_what_cannot_be_had_is_named_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CR_CACHE", str(tmp_path))
    for name in ("CR_DEBIAN_MIRROR", "CR_DEBIAN_SECURITY_MIRROR"):
        monkeypatch.setenv(name, f"file:{tmp_path}/nothing")
    with pytest.raises(FetchError, match=r"layer i386[\s\S]*CR_DEBIAN_MIRROR"):
        unpacked("i386")
    assert not os.path.exists(tmp_path / "layers")
