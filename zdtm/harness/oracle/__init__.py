"""The second witness: what the kernel shows of a tree, before and after.

Shares no code with any engine. `take` records, `policy` says what is left out and why, `differences` compares.
"""

from harness.oracle.compare import differences
from harness.oracle.snapshot import Snapshot, take, take_working

__all__ = ["Snapshot", "differences", "take", "take_working"]
