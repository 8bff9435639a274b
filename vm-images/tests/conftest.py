"""Fixtures are nouns: `guest` is a booted machine, shared by all tests that only look at it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import vmlab

PROBES = Path(__file__).parent / "probes"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "vm: boots a virtual machine (seconds, and packages from the mirror the first time)",
    )


@pytest.fixture(scope="session")
def probes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The little C programs of this folder, built for both word sizes as NAME.64 and NAME.32."""
    out = tmp_path_factory.mktemp("probes")
    for source in sorted(PROBES.glob("*.c")):
        for bits in ("64", "32"):
            target = out / f"{source.stem}.{bits}"
            subprocess.run(
                ["gcc", f"-m{bits}", "-O1", "-Wall", "-Werror", "-o", target, source],
                check=True,
                timeout=120,
            )
    return out


@pytest.fixture(scope="session")
def boot(
    probes: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], vmlab.Vm]:
    def start() -> vmlab.Vm:
        return vmlab.Vm.start(
            vmlab.reference(),
            payload=[(probes, "/opt/probes")],
            workdir=tmp_path_factory.mktemp("vm"),
            deadline_s=1200,
        )

    return start


@pytest.fixture(scope="session")
def guest(boot: Callable[[], vmlab.Vm]) -> Iterator[vmlab.Vm]:
    with boot() as machine:
        yield machine
        assert machine.console_problems() == []
