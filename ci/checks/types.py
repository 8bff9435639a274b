"""mypy --strict over the Python parts, each as the package its users import."""

import os
import subprocess
import sys
from pathlib import Path

from checks.tree import TOP, Finding, report

# (folder to start in, what to look at): the folder is the one on the import path, see pytest.ini.
PARTS = [
    ("ci", ["checks"]),
    ("zdtm", ["harness"]),
    ("vm-images", ["vmlab"]),
    ("bench", ["report.py", "run"]),
]
# What else these import from.
IMPORTED = {"zdtm": ["vm-images"], "bench": ["ci", "zdtm", "vm-images"]}
PYTHON = "/usr/bin/python3"  # Debian's: it has Debian's pytest, whose types are needed


def findings_for(folder: Path, targets: list[str]) -> list[Finding]:
    imported = ":".join(str(TOP / part) for part in IMPORTED.get(folder.name, []))
    run = subprocess.run(
        [PYTHON, "-m", "mypy", "--strict", "--no-error-summary", *targets],
        cwd=folder,
        env={**os.environ, "MYPYPATH": imported},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    found = []
    for line in run.stdout.splitlines():
        name, _, rest = line.partition(":")
        number, _, text = rest.partition(":")
        if number.strip().isdigit() and "error:" in text:
            found.append(Finding(f"{folder.name}/{name}", int(number), text.strip()))
    if run.returncode and not found:
        raise RuntimeError(f"mypy failed in {folder}: {run.stdout.strip()}")
    return found


def main(top: Path = TOP) -> int:
    parts = [
        (top / folder, [name for name in targets if (top / folder / name).exists()])
        for folder, targets in PARTS
    ]
    parts = [(folder, targets) for folder, targets in parts if targets]
    found = [
        finding
        for folder, targets in parts
        for finding in findings_for(folder, targets)
    ]
    return report("types", len(parts), found)


if __name__ == "__main__":
    sys.exit(main())
