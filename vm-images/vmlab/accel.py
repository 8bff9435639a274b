"""KVM or plain emulation? /dev/kvm may exist and still hang its guest, so it is tried, and the verdict is remembered."""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from . import cache, tools
from .errors import VmLost, VmSetupError

# A working KVM brings the guest up in about a second, a broken one never.
_CANARY_S = 15.0
# How long a bad verdict is believed.
_BELIEVED_S = 24 * 3600.0
_KVM = Path("/dev/kvm")


def choose(kernel_name: str) -> str:
    """ "kvm" or "tcg". CR_ACCEL decides for those who know better."""
    if wish := os.environ.get("CR_ACCEL"):
        if wish not in ("kvm", "tcg"):
            raise VmSetupError(f"CR_ACCEL is {wish!r}, it can be kvm or tcg")
        return wish
    if not _KVM.exists():
        return "tcg"
    if not os.access(_KVM, os.R_OK | os.W_OK):
        _say(f"{_KVM} is not open to this user (group kvm), so machines are emulated")
        return "tcg"
    path = cache.root() / "accel" / f"{_machine_key()}.json"
    known = path.exists() and not _is_stale(path)
    if not known:
        path.unlink(missing_ok=True)
    verdict = json.loads(
        cache.made_once(path, lambda path: _try_kvm(kernel_name, path)).read_text()
    )
    if known and verdict["accel"] == "tcg":
        _say(
            f"KVM did not work when it was tried ({_short(verdict['why'])}), so machines are emulated, which is slower; "
            f"to try it again remove {path}, CR_ACCEL=kvm or tcg decides by hand"
        )
    return str(verdict["accel"])


def _is_stale(path: Path) -> bool:
    """A guest that did not come up may only have been slow, on a busy machine; one that did says that KVM works."""
    verdict = json.loads(path.read_text())
    return (
        verdict["accel"] == "tcg" and time.time() - path.stat().st_mtime > _BELIEVED_S
    )


def _short(why: str) -> str:
    """The first words of VmLost are ours, the next line is QEMU's or the guest's own."""
    return ": ".join(why.splitlines()[:2])[:200]


def _say(text: str) -> None:
    print(f"vmlab: {text}", file=sys.stderr)


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

    _say("trying KVM once ...")
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
    _say(f"using {answer['accel']}: {_short(answer['why'])}")
    verdict.write_text(json.dumps(answer) + "\n")
