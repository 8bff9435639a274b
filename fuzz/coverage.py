"""Lines that a corpus reaches, of the files and functions that fuzz/covered names.

usage: coverage.py EXPORT [--at-least PERCENT] [--covered FILE]
EXPORT: what `llvm-cov export -format=text` printed. Ends 1 where fewer of all lines are reached than PERCENT.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parent.parent
COVERED = TOP / "fuzz" / "covered"


def lines_of(segments: list[list[Any]]) -> dict[int, int]:
    """Line -> how often it ran. A line counts what begins in it, else what it is in the middle of."""
    counts: dict[int, int] = {}
    before: list[Any] | None = None
    for segment in segments:
        line, _, count, counted, entry, gap = segment
        if before is not None and before[3] and not before[5]:
            for middle in range(before[0] + 1, line):
                counts[middle] = before[2]
        if counted and not gap and entry:
            counts[line] = max(counts.get(line, 0), count)
        before = segment
    return counts


def functions_in(data: dict[str, Any], file: str, pattern: str) -> set[int]:
    """The lines of the file's functions whose name matches."""
    mangled = [f["name"].rpartition(":")[2] for f in data["functions"]]
    plain = subprocess.run(
        ["c++filt"],
        input="\n".join(mangled),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    chosen = re.compile(pattern)
    lines: set[int] = set()
    for function, name in zip(data["functions"], plain):
        if file in function["filenames"][:1] and chosen.search(name):
            first = min(region[0] for region in function["regions"])
            last = max(region[2] for region in function["regions"])
            lines.update(range(first, last + 1))
    return lines


def main(export: Path, at_least: float, covered: Path) -> int:
    data = json.loads(export.read_text())["data"][0]
    files = {f["filename"]: lines_of(f["segments"]) for f in data["files"]}
    reached = there = 0
    for entry in covered.read_text().splitlines():
        if not entry or entry.startswith("#"):
            continue
        path, _, pattern = entry.partition(" ")
        named = [name for name in files if name.startswith(str(TOP / path))]
        named = [
            name
            for name in named
            if name.endswith(".cc") and not name.endswith("_test.cc")
        ]
        if not named:
            print(f"{path}: no such file was built", file=sys.stderr)
            return 1
        for name in sorted(named):
            lines = files[name]
            if pattern.strip():
                wanted = functions_in(data, name, pattern.strip())
                lines = {line: count for line, count in lines.items() if line in wanted}
            ran = sum(count > 0 for count in lines.values())
            missed = [line for line, count in lines.items() if count == 0]
            share = 100 * ran / max(len(lines), 1)
            print(
                f"{share:6.1f} %  {ran:5} of {len(lines):5}  {name[len(str(TOP)) + 1:]}"
            )
            if missed:
                print(
                    "          not: "
                    + " ".join(map(str, missed[:24]))
                    + (" ..." if len(missed) > 24 else "")
                )
            reached += ran
            there += len(lines)
    # No lines are no proof of anything.
    share = 100 * reached / max(there, 1)
    print(f"{share:6.1f} %  {reached:5} of {there:5}  in all")
    if share < at_least:
        print(
            f"{share:.2f} % of the lines are reached, fewer than {at_least:g} %: seeds, or more of a search",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("export", type=Path)
    parser.add_argument("--at-least", type=float, default=0, metavar="PERCENT")
    parser.add_argument("--covered", type=Path, default=COVERED)
    given = parser.parse_args()
    sys.exit(main(given.export, given.at_least, given.covered))
