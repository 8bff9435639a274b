"""Features that workloads may find missing: their names, and whether those of the CPU are there, as the kernel tells it.

Those of a kernel are data (`lacks` in vm-images/kernels.toml); these also depend on the machine that QEMU runs on.
"""

from __future__ import annotations

from pathlib import Path

_FLAG = {"avx": "avx", "avx512": "avx512bw", "pku": "ospke"}
_SPECULATION = "speculation control"
OF_THE_CPU = frozenset((*_FLAG, _SPECULATION))


def feature_name(text: str) -> str:
    """The head of a source has no blanks in its words: io_flusher is "io flusher" there."""
    return text.replace("_", " ")


def is_present(feature: str, root: Path = Path("/")) -> bool:
    """Requires: the feature is one OF_THE_CPU."""
    if feature in _FLAG:
        lines = (root / "proc/cpuinfo").read_text().splitlines()
        flags = next((x for x in lines if x.startswith("flags")), "")
        return _FLAG[feature] in flags.split()
    # The control is offered where the kernel can do something about the weakness.
    told = root / "sys/devices/system/cpu/vulnerabilities/spec_store_bypass"
    return told.exists() and "prctl" in told.read_text()
