"""The guest kernel's console: the lines that mean trouble, and its last words for error messages."""

from __future__ import annotations

import re
from pathlib import Path

# One list for all kernels. A line is trouble when it matches; what a workload does to itself (a segfault line) is not.
_TROUBLE = re.compile(
    r"\bBUG: |\bBUG at |WARNING: |\bOops\b|INFO: task .* blocked for more than|general protection fault|Kernel panic"
    r"|soft lockup|hard LOCKUP|self-detected stall|detected stalls|rcu_\w+ kthread starved|UBSAN: |KASAN: |Out of memory: "
    r"|double fault|vmguest: (?!note)"
)


def problems_in(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if _TROUBLE.search(line)]


class Console:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._read_up_to = 0

    def problems(self) -> list[str]:
        """Trouble since the last call. A line that is not complete yet is left for the next one."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._read_up_to)
                data = file.read()
        except FileNotFoundError:
            return []
        complete = data[: data.rfind(b"\n") + 1]
        self._read_up_to += len(complete)
        return problems_in(complete.decode(errors="replace"))

    def last_words(self, lines: int = 12) -> str:
        """The first signs of trouble, which say what happened, and then the end."""
        try:
            text = self.path.read_text(errors="replace")
        except FileNotFoundError:
            return ""
        told = [line.rstrip() for line in text.splitlines() if line.strip()]
        trouble = [line for line in problems_in(text) if line not in told[-lines:]][:5]
        return "\n".join([*trouble, *(["..."] if trouble else []), *told[-lines:]])
