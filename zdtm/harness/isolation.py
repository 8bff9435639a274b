"""Linux calls that Python 3.11 does not offer: namespaces, mounts, prctl, kcmp."""

from __future__ import annotations

import ctypes
import os
from typing import Optional

CLONE_NEWNS = 0x00020000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000

MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG = 1
PR_CAPBSET_READ, PR_CAPBSET_DROP = 23, 24
PR_SET_TIMERSLACK = 29
PR_SET_THP_DISABLE = 41

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    _check(_libc.unshare(ctypes.c_int(flags)), f"unshare({flags:#x})")


def mount(
    source: str,
    target: str,
    kind: Optional[str],
    flags: int,
    data: Optional[str] = None,
) -> None:
    _check(
        _libc.mount(
            source.encode(),
            target.encode(),
            kind.encode() if kind else None,
            ctypes.c_ulong(flags),
            data.encode() if data else None,
        ),
        f"mount {kind or ''} on {target}",
    )


def unmount(target: str) -> None:
    _check(_libc.umount2(target.encode(), MNT_DETACH), f"umount {target}")


def prctl(option: int, value: int) -> None:
    _check(
        _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), 0, 0, 0),
        f"prctl({option})",
    )


def has_capability(number: int) -> bool:
    """Could a program of root's that we execute have it?"""
    return bool(_libc.prctl(PR_CAPBSET_READ, ctypes.c_ulong(number), 0, 0, 0) == 1)


def drop_capability(number: int) -> None:
    """For all that we execute from now on."""
    prctl(PR_CAPBSET_DROP, number)


def die_with_parent(signal_number: int) -> None:
    """Requires: called in the child. A parent that died before this call is not noticed."""
    prctl(PR_SET_PDEATHSIG, signal_number)


SYS_KCMP = 312  # x86-64


def kcmp(pid1: int, pid2: int, what: int, index1: int = 0, index2: int = 0) -> int:
    """0: the same object; 1 and 2: its order. Raises OSError."""
    return _check(
        _libc.syscall(
            ctypes.c_long(SYS_KCMP),
            ctypes.c_int(pid1),
            ctypes.c_int(pid2),
            ctypes.c_int(what),
            ctypes.c_ulong(index1),
            ctypes.c_ulong(index2),
        ),
        "kcmp",
    )
