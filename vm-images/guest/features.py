"""Runs in a guest: which interfaces of the kernel there are, as one JSON object of names and yes or no. Needs root, changes nothing."""

import ctypes
import errno
import json
import mmap
import os
import platform
import signal
import socket
import struct
from pathlib import Path
from typing import Callable

libc = ctypes.CDLL(None, use_errno=True)
NOWHERE = ctypes.c_void_p(
    8
)  # no page: whoever knows the call says EFAULT, or finds something else wrong before

# asm/unistd_64.h.
CALLS = {
    "kcmp": 312,
    "userfaultfd": 323,
    "membarrier": 324,
    "rseq": 334,
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "open_tree": 428,
    "pidfd_open": 434,
    "clone3": 435,
    "close_range": 436,
    "openat2": 437,
    "pidfd_getfd": 438,
    "faccessat2": 439,
    "epoll_pwait2": 441,
    "mount_setattr": 442,
    "landlock_create_ruleset": 444,
    "memfd_secret": 447,
    "process_mrelease": 448,
    "futex_waitv": 449,
    "set_mempolicy_home_node": 450,
    "cachestat": 451,
    "fchmodat2": 452,
    "map_shadow_stack": 453,
    "futex_requeue": 456,
    "statmount": 457,
    "listmount": 458,
    "lsm_get_self_attr": 459,
    "mseal": 462,
    "setxattrat": 463,
    "open_tree_attr": 467,
    "file_getattr": 468,
    "listns": 470,
}
# linux/prctl.h: asked in a way that changes nothing.
PRCTLS = {
    "prctl PR_GET_IO_FLUSHER": (58, 0),
    "prctl PR_SCHED_CORE": (62, 0),
    "prctl PR_GET_MDWE": (66, 0),
    "prctl PR_GET_MEMORY_MERGE": (68, 0),
    "prctl PR_TIMER_CREATE_RESTORE_IDS": (77, 2),
}
FILES = {
    "/proc/PID/map_files": "/proc/self/map_files",
    "/proc/PID/timers": "/proc/self/timers",
    "/proc/PID/task/TID/children": "/proc/self/task/{tid}/children",
    "/proc/PID/syscall": "/proc/self/syscall",
    "/proc/PID/ksm_stat": "/proc/self/ksm_stat",
    "namespace time": "/proc/self/ns/time",
    "cgroup.freeze": "/sys/fs/cgroup/probe/cgroup.freeze",
    "cgroup.kill": "/sys/fs/cgroup/probe/cgroup.kill",
    "System V IPC": "/proc/sysvipc/shm",
    "POSIX message queues": "/proc/sys/fs/mqueue/msg_max",
    "binfmt_misc": "/proc/sys/fs/binfmt_misc/status",
    "SELinux": "/sys/fs/selinux",
    "huge pages": "/sys/kernel/mm/hugepages",
}


def errno_of(result: int) -> int:
    return ctypes.get_errno() if result == -1 else 0


def call(number: int, *args: object) -> int:
    libc.syscall.restype = ctypes.c_long
    return errno_of(libc.syscall(ctypes.c_long(number), *args))


def has_call(number: int) -> bool:
    return (
        call(number, NOWHERE, NOWHERE, NOWHERE, NOWHERE, NOWHERE, NOWHERE)
        != errno.ENOSYS
    )


def has_prctl(option: int, argument: int) -> bool:
    # EINVAL is what an unknown one gives. PR_SCHED_CORE gives ENODEV where there is no second thread of a core.
    return errno_of(libc.prctl(option, argument, 0, 0, 0)) != errno.EINVAL


def maps() -> str:
    return Path("/proc/self/maps").read_text()


def own_page() -> tuple[mmap.mmap, int]:
    page = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    page[0] = 1
    return page, ctypes.addressof(ctypes.c_char.from_buffer(page))


def soft_dirty() -> bool:
    page, address = own_page()
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("4")
    page[0] = 2
    with open("/proc/self/pagemap", "rb") as pagemap:
        pagemap.seek(address // 4096 * 8)
        return bool(struct.unpack("Q", pagemap.read(8))[0] >> 55 & 1)


def ioctl_of(path: str, request: int, size: int) -> bool:
    """Unknown ones give ENOTTY."""
    fd = os.open(path, os.O_RDONLY)
    try:
        return (
            errno_of(
                libc.ioctl(
                    fd, ctypes.c_ulong(request), ctypes.create_string_buffer(size)
                )
            )
            != errno.ENOTTY
        )
    finally:
        os.close(fd)


def guard_pages() -> bool:
    _, address = own_page()
    return errno_of(libc.madvise(ctypes.c_void_p(address), 4096, 102)) == 0


def vma_names() -> bool:
    _, address = own_page()
    return (
        errno_of(libc.prctl(0x53564D41, 0, ctypes.c_void_p(address), 4096, b"probe"))
        == 0
    )


def named_flag_of_lock_on_fault() -> bool:
    page, address = own_page()
    if call(325, ctypes.c_void_p(address), 4096, 1) != 0:
        return False
    flags = [
        x
        for x in Path("/proc/self/smaps").read_text().splitlines()
        if x.startswith("VmFlags:")
    ]
    del page
    return any(" lf" in line for line in flags)


def socket_option(family: int, level: int, option: int) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.setsockopt(level, option, 1 if level == socket.IPPROTO_TCP else 0)
        except OSError as error:
            return error.errno not in (errno.ENOPROTOOPT, errno.EOPNOTSUPP)
        return True


def ptrace_knows(request: int) -> bool:
    """Of a stopped child: EIO is what unknown requests give, others find something wrong with their arguments."""
    libc.ptrace.restype = ctypes.c_long
    child = os.fork()
    if child == 0:
        libc.ptrace(0, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    os.waitpid(child, 0)
    try:
        return errno_of(libc.ptrace(request, child, None, None)) != errno.EIO
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def kernel_writes_read_only_text() -> bool:
    """Through /proc/self/mem, without ptrace."""
    page, address = own_page()
    libc.mprotect(ctypes.c_void_p(address), 4096, mmap.PROT_READ)
    try:
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(address)
            memory.write(b"x")
        return True
    except OSError:
        return False


def runs_32_bit_code() -> bool:
    # arch_prctl(ARCH_MAP_VDSO_32) exists where IA32 does, and says EEXIST to whoever has a vdso.
    return call(158, ctypes.c_ulong(0x2002), 0) == errno.EEXIST


def apparmor() -> bool:
    switch = Path("/sys/module/apparmor/parameters/enabled")
    return switch.exists() and switch.read_text().startswith("Y")


OTHERS: dict[str, Callable[[], bool]] = {
    "AppArmor": apparmor,
    "PR_SET_MM_MAP": lambda: errno_of(
        libc.prctl(35, 15, ctypes.byref(ctypes.c_uint()), 0, 0)
    )
    == 0,
    "soft-dirty": soft_dirty,
    "PAGEMAP_SCAN": lambda: ioctl_of("/proc/self/pagemap", 0xC0606610, 96),
    "PROCMAP_QUERY": lambda: ioctl_of("/proc/self/maps", 0xC0686611, 104),
    "guard pages": guard_pages,
    "names of anonymous memory": vma_names,
    "a name for lock-on-fault": named_flag_of_lock_on_fault,
    "TCP_REPAIR": lambda: socket_option(socket.AF_INET, socket.IPPROTO_TCP, 19),
    "SO_PEEK_OFF of unix sockets": lambda: socket_option(
        socket.AF_UNIX, socket.SOL_SOCKET, 42
    ),
    "SO_PEEK_OFF of TCP": lambda: socket_option(socket.AF_INET, socket.SOL_SOCKET, 42),
    "PTRACE_GET_RSEQ_CONFIGURATION": lambda: ptrace_knows(0x420F),
    "PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG": lambda: ptrace_knows(0x4211),
    "PTRACE_SET_SYSCALL_INFO": lambda: ptrace_knows(0x4212),
    "32-bit programs": runs_32_bit_code,
    "[vvar_vclock]": lambda: "[vvar_vclock]" in maps(),
    "[vsyscall]": lambda: "[vsyscall]" in maps(),
    "writes to read-only memory": kernel_writes_read_only_text,
}


def main() -> None:
    group = Path("/sys/fs/cgroup/probe")
    group.mkdir()
    tid = os.getpid()
    found = {f"call {name}": has_call(number) for name, number in CALLS.items()}
    found |= {name: has_prctl(*each) for name, each in PRCTLS.items()}
    found |= {name: Path(path.format(tid=tid)).exists() for name, path in FILES.items()}
    found |= {name: probe() for name, probe in OTHERS.items()}
    group.rmdir()
    print(json.dumps({"release": platform.release(), "features": found}))


main()
