"""A file system without O_TMPFILE, as NFS and FUSE may be: there is none that could be mounted on every machine.

So the kernel says what it says there, to one process and all that it starts: a seccomp filter answers openat(2).
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW = 0x00050000, 0x7FFF0000
# The word of struct seccomp_data at an offset: the call's number, the architecture, the third argument's lower half.
NUMBER, ARCHITECTURE, FLAGS = 0, 4, 32
AUDIT_ARCH_X86_64, SYS_OPENAT = 0xC000003E, 257
TMPFILE = os.O_TMPFILE & ~os.O_DIRECTORY
# Of linux/bpf_common.h.
LOAD, JUMP_EQUAL, JUMP_SET, RETURN = 0x20, 0x15, 0x45, 0x06


def _program() -> bytes:
    refuse = SECCOMP_RET_ERRNO | errno.EOPNOTSUPP
    # code, how many to leave out if so, and if not, operand
    lines = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_EQUAL, 0, 5, AUDIT_ARCH_X86_64),
        (LOAD, 0, 0, NUMBER),
        (JUMP_EQUAL, 0, 3, SYS_OPENAT),
        (LOAD, 0, 0, FLAGS),
        (JUMP_SET, 0, 1, TMPFILE),
        (RETURN, 0, 0, refuse),
        (RETURN, 0, 0, SECCOMP_RET_ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def refuse_tmpfile() -> None:
    """From now on, for this process and its descendants. Requires: CAP_SYS_ADMIN."""
    program = ctypes.create_string_buffer(_program())
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(program))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"seccomp filter: {os.strerror(code)}")
