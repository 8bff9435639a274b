"""QEMU's command line: what only emulated machines are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from vmlab import qemu


@pytest.mark.parametrize("accel, emulated", [("tcg", True), ("kvm", False)])
def test_only_an_emulated_kernel_goes_without_defences(
    accel: str, emulated: bool
) -> None:
    somewhere = Path("/nowhere")
    machine = qemu.Machine(
        accel, somewhere, somewhere, somewhere, somewhere, 512, 1, None
    )
    argv = qemu.command(machine, control_fd=3)
    words = argv[argv.index("-append") + 1].split()
    assert "console=ttyS0" in words
    assert [word in words for word in ("spectre_v2=off", "init_on_alloc=0")] == [
        emulated
    ] * 2
