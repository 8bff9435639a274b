"""What the comparison leaves out, each with its reason. Everything not named here is compared."""

from __future__ import annotations

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

# Lines of /proc/PID/fdinfo/N.
FDINFO = {
    "ino": "numbers of pipes and anonymous inodes are new ones; identity is compared as sharing",
}

# What may go on moving in a program that is quiet otherwise. All else that moves is an error of the program, or of the engine.
MAY_MOVE = {
    ("state", ""): "a thread that sleeps and wakes is seen in both states",
    ("blocked at", "sp"): "it is blocked at one look and running at another",
    ("blocked at", "pc"): "it is blocked at one look and running at another",
}

# Fields of the whole record.
RECORD = {
    "root's ppid": "the restored root is the child of whoever restored it",
    "time namespace": "a new one is the means to keep the clocks going on another boot (row C2)",
    "KCMP_IO": "an io context is allocated at the first i/o, the program cannot see it",
}
