"""QEMU's command line: one small PC with a console, a root disk and a control port."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from . import tools

_APPEND = (
    "console=ttyS0",
    # Only warnings and worse: the console is searched for trouble, and a serial port is slow.
    "quiet",
    "loglevel=5",
    # With -no-reboot a panic ends QEMU at once instead of leaving a machine that answers to nobody.
    "panic=-1",
    "oops=panic",
    # Kernels may be built with 32-bit programs switched off by default.
    "ia32_emulation=on",
    # Emulation is slow: no waiting for grace periods or entropy, no tests of clocks and ciphers, no search for absent devices.
    "rcupdate.rcu_expedited=1",
    "random.trust_cpu=on",
    "hugepages=2",  # programs find some, as where an owner has set them aside
    "tsc=reliable",
    "no_timer_check",
    "cryptomgr.notests",
    "8250.nr_uarts=1",
    "i8042.nopnp",
    "i8042.noaux",
    "i8042.nokbd",
)

# Emulated machines only, where they cost most: defences that programs cannot see - retpolines, and clearing memory when it is
# handed out within the kernel.
_APPEND_EMULATED = ("spectre_v2=off", "init_on_alloc=0")

_ACCEL = {
    # Several threads make cross-CPU wake-ups slow and erratic; one is enough for one or two vCPUs.
    "tcg": ("tcg,thread=single", "max,cx16=off,smap=off"),
    "kvm": ("kvm", "host"),
}
# cx16=off: QEMU 7.2 computes the flags of cmpxchg16b from a stale state. If an interrupt hits right after it, flags with bits
# like NT or TF go to the stack, and the guest's kernel dies in iret ("double fault", "exc_debug_kernel") - on a busy host in
# four boots of ten. Without the instruction the kernel's allocator takes a lock instead.
# smap=off: before QEMU 9.1 a far return or iret in user mode reads its stack as if the kernel did, which SMAP forbids: a program
# that goes from 64-bit to 32-bit code by lret (restorers do) would bring the guest's kernel down.


@dataclass(frozen=True)
class Machine:
    accel: str
    kernel: Path
    initrd: Path
    root: Path
    console: Path
    memory_mb: int
    cpus: int
    cpu: str | None  # of a model that shows less than the accelerator could


def command(machine: Machine, control_fd: int) -> list[str]:
    accel, cpu = _ACCEL[machine.accel]
    append = _APPEND + (_APPEND_EMULATED if machine.accel == "tcg" else ())
    return [
        # SIGKILL for QEMU when the thread that started it is gone, however that came.
        tools.find("setpriv"),
        "--pdeathsig",
        "KILL",
        tools.find("qemu-system-x86_64"),
        "-no-user-config",
        "-nodefaults",
        "-no-reboot",
        "-display",
        "none",
        "-M",
        "pc",
        "-accel",
        accel,
        "-cpu",
        machine.cpu or cpu,
        "-smp",
        str(machine.cpus),
        "-m",
        str(machine.memory_mb),
        "-kernel",
        str(machine.kernel),
        "-initrd",
        str(machine.initrd),
        "-append",
        " ".join(append),
        "-drive",
        f"file={escaped(machine.root)},if=none,format=raw,readonly=on,id=root",
        "-device",
        "virtio-blk-pci,drive=root",
        "-device",
        "virtio-serial-pci",
        "-chardev",
        f"socket,id=control,fd={control_fd}",
        "-device",
        "virtserialport,chardev=control,name=vmlab.control",
        "-serial",
        f"file:{machine.console}",
    ]


def escaped(path: Path) -> str:
    """In QEMU's key=value lists a comma in a value is doubled."""
    return str(path).replace(",", ",,")
