"""KVM or plain emulation? /dev/kvm may exist and still hang its guest, so it is tried once, and the verdict is remembered."""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from pathlib import Path

from . import cache, tools
from .errors import VmLost, VmSetupError

# A working KVM brings the guest up in about a second, a broken one never.
_CANARY_S = 15.0


def choose(kernel_name: str) -> str:
    """ "kvm" or "tcg". CR_ACCEL decides for those who know better."""
    if wish := os.environ.get("CR_ACCEL"):
        if wish not in ("kvm", "tcg"):
            raise VmSetupError(f"CR_ACCEL is {wish!r}, it can be kvm or tcg")
        return wish
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    verdict = cache.made_once(
        cache.root() / "accel" / f"{_machine_key()}.json",
        lambda path: _try_kvm(kernel_name, path),
    )
    return str(json.loads(verdict.read_text())["accel"])


def _machine_key() -> str:
    """Whatever changes when KVM may change its mind: the host's kernel, its CPU, and QEMU."""
    cpu = [
        line
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith(("model name", "flags"))
    ][:2]
    return cache.key_of(
        platform.release(),
        *cpu,
        tools.output_of(["qemu-system-x86_64", "--version"], timeout_s=60),
    )


def _try_kvm(kernel_name: str, verdict: Path) -> None:
    from .vm import (
        Vm,
    )  # the canary is a machine like any other, which in turn asks this module

    print("vmlab: trying KVM once ...", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="vmlab-canary-") as workdir:
        try:
            with Vm.start(
                kernel_name,
                workdir=Path(workdir),
                memory_mb=512,
                boot_deadline_s=_CANARY_S,
                acceleration="kvm",
            ) as canary:
                canary.run(["true"], timeout_s=_CANARY_S)
            answer = {"accel": "kvm", "why": "a guest came up"}
        except VmLost as lost:
            answer = {"accel": "tcg", "why": str(lost)[:500]}
    print(f"vmlab: using {answer['accel']}", file=sys.stderr)
    verdict.write_text(json.dumps(answer) + "\n")
