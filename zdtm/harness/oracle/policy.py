"""What the comparison leaves out, each with its reason. Everything that is not named here is compared.

The tables are what the code goes by. What is no line of a table is a rule: the code that applies it says so (`applies`).
"""

from __future__ import annotations

from typing import Callable, TypeVar

# Files and folders of /proc/PID and /proc/PID/task/TID of which a record holds nothing. A test asks the kernel that it runs
# on whether that, and what is read, is all there is. Somebody went through those up to Linux 6.18.
UNREAD = {
    "maps": "smaps says the same and more",
    "map_files": "the files of the mappings, which are compared themselves",
    "smaps_rollup": "sums over the mappings",
    "statm": "sums over the mappings",
    "mem": "the memory itself: every program checks its own",
    "pagemap": "which pages happen to be present, and where",
    "clear_refs": "can only be written",
    "numa_maps": "where pages happen to lie. A mapping's policy is told there alone, but at the price of a walk over all"
    " pages at every look; engines have to refuse one (`refused/numa_policy_of_mapping`), and make none by themselves",
    "io": "statistics",
    "sched": "statistics; the policy is compared in stat",
    "schedstat": "statistics",
    "latency": "statistics",
    "arch_status": "statistics: when it used AVX-512 last",
    "ksm_stat": "statistics; that memory may be merged is compared as a flag of its mappings",
    "ksm_merging_pages": "statistics",
    "wchan": "where in the kernel it sleeps this very moment",
    "stack": "where in the kernel it sleeps this very moment",
    "oom_score": "computed from the memory in use and oom_score_adj, which is compared",
    "oom_adj": "oom_score_adj in the numbers of long ago",
    "cpuset": "the path of a control group, which is compared itself",
    "mounts": "of the mount namespace, which is compared itself",
    "mountinfo": "of the mount namespace, which is compared itself",
    "mountstats": "of the mount namespace, which is compared itself",
    "net": "of the network namespace, which is compared itself",
    "uid_map": "of the user namespace, which is compared itself",
    "gid_map": "of the user namespace, which is compared itself",
    "projid_map": "of the user namespace, which is compared itself",
    "setgroups": "of the user namespace, which is compared itself",
    "timens_offsets": "of the time namespace, see NAMESPACES",
    "cpu_resctrl_groups": "shares of caches, which the machine's owner gives from outside; not carried",
    "patch_state": "of live patches of the kernel",
    "seccomp_cache": "what the kernel computed from its filters; that it has any is compared in status",
    "fail-nth": "of kernels that inject faults",
    "make-it-fail": "of kernels that inject faults",
    "attr/prev": "the label before its last exec: a restored task is another program's child",
    "attr/fscreate": "labels of what it will make, with SELinux alone; the kernels of the matrix run with AppArmor or without",
    "attr/keycreate": "labels of what it will make, with SELinux alone; the kernels of the matrix run with AppArmor or without",
    "attr/sockcreate": "labels of what it will make, with SELinux alone; the kernels of the matrix run with AppArmor or without",
    "attr/apparmor": "the labels of one module, of which attr/current is compared",
    "attr/smack": "the labels of one module, of which attr/current is compared",
}

# Links in /proc/PID/ns.
NAMESPACES = {
    "time": "a new one is the means to keep the clocks going on another boot (row C2)",
    "time_for_children": "a new one is the means to keep the clocks going on another boot (row C2)",
}

# Lines of /proc/PID/status.
STATUS = {
    "State": "compared as the field `state`, which is given time to settle",
    "PPid": "compared as the shape of the tree; the root's parent is the engine's or the caller's business",
    "FDSize": "size of the kernel's table, which only grows; the descriptors are compared themselves",
    "VmPeak": "statistics of the past",
    "VmSize": "the sum of the mappings, which are compared themselves",
    "VmHWM": "statistics of the past",
    "VmRSS": "which pages happen to be present",
    "RssAnon": "which pages happen to be present",
    "RssFile": "which pages happen to be present",
    "RssShmem": "which pages happen to be present",
    "VmData": "a sum over the mappings",
    "VmStk": "a sum over the mappings",
    "VmExe": "a sum over the mappings",
    "VmLib": "a sum over the mappings",
    "VmPTE": "page tables of what happens to be present",
    "VmSwap": "which pages happen to be present",
    "HugetlbPages": "which pages happen to be present",
    "SigQ": "the first number counts the signals queued for this user in the whole machine",
    "voluntary_ctxt_switches": "statistics of the past",
    "nonvoluntary_ctxt_switches": "statistics of the past",
}

# Fields of /proc/PID/stat by their number in proc(5).
STAT_NAMES = {
    5: "pgrp", 6: "session", 7: "tty_nr", 8: "tpgid", 18: "priority", 19: "nice",
    20: "num_threads", 21: "itrealvalue", 25: "rsslim", 26: "startcode", 27: "endcode",
    28: "startstack", 29: "kstkesp", 30: "kstkeip", 31: "signal", 32: "blocked", 33: "sigignore",
    34: "sigcatch", 36: "nswap", 37: "cnswap", 38: "exit_signal", 40: "rt_priority", 41: "policy",
    45: "start_data", 46: "end_data", 47: "start_brk", 48: "arg_start", 49: "arg_end",
    50: "env_start", 51: "env_end", 52: "exit_code",
}  # fmt: skip
STAT_IGNORED = {
    1: "the key of the record",
    2: "compared as comm",
    3: "compared as the field `state`, which is given time to settle",
    4: "compared as the shape of the tree",
    9: "the kernel's own PF_ bits (forked-but-not-executed, used superuser rights, ...)",
    10: "statistics", 11: "statistics", 12: "statistics", 13: "statistics",
    14: "cpu time is not carried yet (row C2)", 15: "cpu time is not carried yet (row C2)",
    16: "cpu time is not carried yet (row C2)", 17: "cpu time is not carried yet (row C2)",
    22: "start time: a restored task is a new one for the kernel",
    23: "the sum of the mappings", 24: "which pages happen to be present",
    35: "whether it sleeps in the kernel this very moment", 39: "the cpu it ran on last",
    42: "statistics", 43: "statistics", 44: "statistics",
}  # fmt: skip

# Words of /proc/PID/syscall, counted from 0.
SYSCALL_NAMES = {7: "sp", 8: "pc"}
SYSCALL = {
    0: "the kernel goes on with an interrupted sleep through restart_syscall; the program sees no difference",
    **{
        word: "an argument; what the program gets of the call, and when, it checks itself"
        for word in range(1, 7)
    },
}

# Lines of a mapping in /proc/PID/smaps.
SMAPS = {
    "Size": "the range says it",
    "MMUPageSize": "on x86 the same as KernelPageSize",
    "Rss": "which pages happen to be present",
    "Pss": "which pages happen to be present, and who else has them",
    "Pss_Dirty": "which pages happen to be present, and who else has them",
    "Pss_Anon": "which pages happen to be present, and who else has them",
    "Pss_File": "which pages happen to be present, and who else has them",
    "Pss_Shmem": "which pages happen to be present, and who else has them",
    "Shared_Clean": "which pages happen to be present, and who else has them",
    "Shared_Dirty": "which pages happen to be present, and who else has them",
    "Private_Clean": "which pages happen to be present, and who else has them",
    "Private_Dirty": "which pages happen to be present, and who else has them",
    "Referenced": "which pages were used of late",
    "Anonymous": "which pages happen to be present",
    "KSM": "which pages happen to be merged",
    "LazyFree": "which pages may happen to go",
    "AnonHugePages": "which pages happen to be huge: the kernel makes and splits them as it likes",
    "ShmemHugePages": "which pages happen to be huge: the kernel makes and splits them as it likes",
    "ShmemPmdMapped": "which pages happen to be huge: the kernel makes and splits them as it likes",
    "FilePmdMapped": "which pages happen to be huge: the kernel makes and splits them as it likes",
    "Shared_Hugetlb": "which pages happen to be present, and who else has them",
    "Private_Hugetlb": "which pages happen to be present, and who else has them",
    "Swap": "which pages happen to be present",
    "SwapPss": "which pages happen to be present, and who else has them",
    "Locked": "a share of what is present; that it is locked is a flag, and how much in all is in status",
    "THPeligible": "computed from flags, place and size, and from settings of the machine; of neighbours that are"
    " merged here each has its own",
}

# Flags of the line VmFlags there.
VM_FLAGS = {
    "sd": "soft-dirty: the kernel's note since the last clear_refs, not the program's state",
    "ac": "the mapping was writable once, so it counts against the overcommit limit; a restorer that fills a"
    " mapping in place has to make it writable, and no call takes the mark away",
    "dw": "nobody may write to the file: what exec(2) maps had it up to Linux 5.14, and no call of a program gives it",
}

# Beyond these, between two kernels: what not all of them name, or name alike.
VM_FLAGS_OF_SOME = {
    "lf": "locked on fault: older kernels, 6.1 among them, print ?? for it; the workload `locked` looks itself",
    "??": "a flag that its kernel has no name for",
}
# Of these a record holds numbers of one boot.
OF_ONE_BOOT = {
    "ns": "inodes of namespaces, which kernels give out in their own order",
    "shared mapping": "by device and inode, which are of this boot; what is shared the program checks",
}
# And of these what a kernel computes or words in its own way.
OF_ONE_KERNEL = {
    (
        "status",
        "Speculation_Store_Bypass",
    ): "what the kernel knows of its CPU's weaknesses, and does about them",
    (
        "status",
        "SpeculationIndirectBranch",
    ): "what the kernel knows of its CPU's weaknesses, and does about them",
    ("fd", "mnt_id"): "mounts are numbered as they are made",
    (
        "fd",
        "ino",
    ): "inodes without a disk are numbered as they are made; the path is compared",
}

# What kcmp(2) can compare of two tasks.
SHARING = {
    "io": "an io context is allocated at the first i/o, the program cannot see it",
}

# Nobody can see more of a task that has ended; its mask or its priority mean nothing any more.
OF_A_ZOMBIE = frozenset(
    (("state", ""), ("ppid", ""), ("comm", ""), ("status", "Uid"), ("status", "NSpid"))
    + (
        ("stat", "pgrp"),
        ("stat", "session"),
        ("stat", "exit_signal"),
        ("stat", "exit_code"),
    )
)

# What stays the same in a program that is in the middle of its work, whatever it does: of its root this is compared.
LASTING = frozenset(
    ("limits", "cwd", "root", "exe", "cmdline", "environ", "auxv", "coredump_filter")
    + ("oom_score_adj", "personality", "cgroup", "ns", "timerslack_ns", "autogroup")
    + ("loginuid", "sessionid", "attr/current")
)
LASTING_STATUS = frozenset(
    ("Umask", "Tgid", "Uid", "Gid", "Groups", "NStgid", "NSpid", "NSpgid", "NSsid")
    + ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")
    + ("Cpus_allowed", "Mems_allowed", "TracerPid")
)
LASTING_STAT = frozenset(
    ("pgrp", "session", "tty_nr", "nice", "policy", "rt_priority", "exit_signal")
    + ("startcode", "endcode", "startstack", "start_data", "end_data", "start_brk")
    + ("arg_start", "arg_end", "env_start", "env_end")
)

# What may go on moving in a program that is quiet otherwise. All else that moves is an error of the program, or of the engine.
MAY_MOVE = {
    ("state", ""): "a thread that sleeps and wakes is seen in both states",
    ("blocked at", "sp"): "it is blocked at one look and running at another",
    ("blocked at", "pc"): "it is blocked at one look and running at another",
}

# All else that is left out, or compared in another form.
RULES = {
    "program at work": "its tree is another one at every look: of the root what is LASTING is compared, of others nothing."
    " It checks itself, and after a kill of the engine all its tasks are searched for what an engine leaves (areas.py)",
    "zombie": "compared as far as its parent can still see it (OF_A_ZOMBIE)",
    "parent of the root": "the restored root is the child of whoever restored it",
    "place of a running thread": "it moves; where a blocked one stopped is compared",
    "number of a pipe or socket": "it is new after a restore; by first use each gets one that is compared",
    "inode without a path": "of a pipe, a socket or an anonymous inode it is new after a restore; identity is compared as sharing",
    "number of an autogroup": "it is new for every session; its nice value is compared",
    "inode without a disk": "shared memory gets a new one, and those of overlays may change; name and device are compared,"
    " and which mappings show the same object",
    "equal neighbours": "the kernel merges two neighbouring mappings only while their anon_vma permits it, which depends on"
    " the order of faults and forks; a program cannot tell one mapping from two equal neighbours",
    "kernel's own words": "between two kernels only that is compared which both tell, in the same words (OF_ONE_BOOT,"
    " OF_ONE_KERNEL, VM_FLAGS_OF_SOME; devices of mappings, and lines of smaps; masks as numbers)",
    "vdso of another kernel": "its functions are there at both places; programs that use them check what they say",
    "gate of a 32-bit task": "the kernel shows the vsyscall page, far above, for every address space that a 64-bit program"
    " was executed in; a restorer is one, no call takes the page away, and 32-bit code cannot reach it",
}

Function = TypeVar("Function", bound=Callable[..., object])
APPLIED: set[str] = set()


def applies(rule: str) -> Callable[[Function], Function]:
    """Says of a function that it leaves something out. A rule without a reason is none."""
    if rule not in RULES:
        raise KeyError(f"no rule of policy.py: {rule}")
    APPLIED.add(rule)
    return lambda function: function
