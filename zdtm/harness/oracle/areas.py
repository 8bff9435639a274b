"""What an engine leaves in a task when it leaves something: an area of code that comes from no file.

Cheap enough to be asked of every task of a program at work, of which nothing else can be compared.
"""

from __future__ import annotations

import re
from typing import Iterable

from harness import procfs
from harness.oracle.tree import living

# An engine's agent is copied into fresh anonymous memory, and has to be executable there. Stack, heap and vdso have names.
ANONYMOUS_CODE = re.compile(
    r"^([0-9a-f]+-[0-9a-f]+) ..x. [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ 0 *(?:\[anon\S*\])?$",
    re.MULTILINE,
)


def code_areas(pids: Iterable[int]) -> dict[str, list[int]]:
    """Who has code of no file at which addresses. Who ends meanwhile takes it along."""
    found: dict[str, list[int]] = {}
    for pid in pids:
        try:
            maps = "".join(procfs.text(f"/proc/{tid}/maps") for tid in living(pid)[:1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        for area in ANONYMOUS_CODE.findall(maps):
            found.setdefault(area, []).append(pid)
    return found
