#!/usr/bin/python3
"""Can this machine checkpoint and restore processes itself, or does everything have to go into a virtual machine?

Tries what an engine needs instead of asking for uids or versions: a container may be root without it.
Exit 0: it can. Exit 1: it cannot; each reason is printed.
With the words of a command it becomes that command if it can, and ends with 77 if it cannot.
"""

import ctypes
import os
import signal
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_SYS_KCMP, _SYS_CLONE3 = 312, 435
_CLONE_NEWNS, _CLONE_NEWPID = 0x00020000, 0x20000000
_PTRACE_SEIZE = 0x4206
_MS_REC_PRIVATE = 0x4000 | (1 << 18)
_TID = 4242  # any number: in a pid namespace of our own it is free


class Refused(Exception):
    """A needed call does not work here; the message is the reason."""


def _call(what: str, result: int) -> int:
    if result < 0:
        raise Refused(f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


@contextmanager
def _sleeping_child() -> Iterator[int]:
    pid = os.fork()
    if pid == 0:
        signal.pause()
        os._exit(0)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def try_ptrace() -> None:
    with _sleeping_child() as pid:
        null = ctypes.c_void_p(0)
        _call(
            "trace another process (ptrace)",
            _LIBC.ptrace(_PTRACE_SEIZE, pid, null, null),
        )
        _call(
            "compare kernel objects (kcmp)",
            _LIBC.syscall(_SYS_KCMP, os.getpid(), pid, 1, 0, 0),
        )


def try_page_numbers() -> None:
    page = ctypes.create_string_buffer(b"x" * 4096)
    with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
        pagemap.seek(ctypes.addressof(page) // 4096 * 8)
        (entry,) = struct.unpack("<Q", pagemap.read(8))
    if entry & ((1 << 55) - 1) == 0:
        raise Refused(
            "read page frame numbers: the kernel shows zeros (CAP_SYS_ADMIN is missing)"
        )


def try_map_files() -> None:
    folder = Path("/proc/self/map_files")
    try:
        os.stat(folder / next(iter(os.listdir(folder))))
    except (OSError, StopIteration) as error:
        raise Refused(f"follow /proc/PID/map_files: {error}") from error


def try_namespaces_and_pids() -> None:
    _call(
        "make a pid and a mount namespace", _LIBC.unshare(_CLONE_NEWPID | _CLONE_NEWNS)
    )
    init = os.fork()
    if init:
        status = os.waitstatus_to_exitcode(os.waitpid(init, 0)[1])
        if status == 1:
            raise Refused("mount a /proc of its own: not permitted")
        if status == 2:
            raise Refused(
                "choose the pid of a new process (clone3 with set_tid): not permitted"
            )
        if status:
            raise Refused(f"the init of a new pid namespace ended with {status}")
        return
    _LIBC.mount(b"none", b"/", None, _MS_REC_PRIVATE, None)
    if _LIBC.mount(b"proc", b"/proc", b"proc", 0, None) < 0:
        os._exit(1)
    tid = ctypes.c_int(_TID)
    # struct clone_args: flags pidfd child_tid parent_tid exit_signal stack stack_size tls set_tid set_tid_size
    arguments = struct.pack(
        "<10Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, ctypes.addressof(tid), 1
    )
    child = _LIBC.syscall(_SYS_CLONE3, arguments, len(arguments))
    if child == 0:
        os._exit(0)
    os._exit(0 if child == _TID else 2)


ATTEMPTS: list[Callable[[], None]] = [
    try_ptrace,
    try_page_numbers,
    try_map_files,
    try_namespaces_and_pids,
]


def reason(attempt: Callable[[], None]) -> str:
    """Why the attempt fails here; empty if it works. Runs in a child, because it may move to other namespaces."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        status = 0
        try:
            attempt()
        except (Refused, OSError) as error:
            os.write(write_end, str(error).encode())
            status = 1
        os._exit(status)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as answer:
        text = answer.read().decode()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return text or (f"{attempt.__name__} ended with {status}" if status else "")


def why_not() -> list[str]:
    """The reasons why this machine cannot checkpoint by itself; none if it can."""
    return [text for text in map(reason, ATTEMPTS) if text]


if __name__ == "__main__":
    reasons = why_not()
    print(
        "\n".join(f"this machine cannot {text}" for text in reasons)
        or "this machine can checkpoint"
    )
    if reasons:
        sys.exit(77 if sys.argv[1:] else 1)
    if sys.argv[1:]:
        sys.stdout.flush()
        os.execvp(sys.argv[1], sys.argv[1:])
