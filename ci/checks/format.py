"""C and C++ are laid out by clang-format, Python by black; prints each file that is not."""

import re
import subprocess
import sys
from pathlib import Path

from checks.tree import TOP, Finding, files, report

# The default layout, so that a bare `black FILE` is right too.
BLACK = ["black"]


def unformatted_c(names: list[str], top: Path) -> list[Finding]:
    """One call for all; clang-format names file and line of each difference on stderr."""
    if not names:
        return []
    run = subprocess.run(
        [
            "clang-format",
            "--style=file",
            "--dry-run",
            "--Werror",
            "--ferror-limit=1",
            *names,
        ],
        cwd=top,
        stderr=subprocess.PIPE,
        text=True,
    )
    found = []
    for line in run.stderr.splitlines():
        name, _, rest = line.partition(":")
        if "error:" in rest:
            number = rest.partition(":")[0]
            found.append(
                Finding(
                    name, int(number), "not laid out by clang-format (run ci/format)"
                )
            )
    if run.returncode and not found:
        raise RuntimeError(f"clang-format failed: {run.stderr.strip()}")
    return found


def unformatted_python(names: list[str], top: Path) -> list[Finding]:
    if not names:
        return []
    run = subprocess.run(
        [*BLACK, "--check", *names], cwd=top, stderr=subprocess.PIPE, text=True
    )
    found = [
        Finding(
            line.removeprefix("would reformat ").removeprefix(f"{top}/"),
            0,
            "not laid out by black (run ci/format)",
        )
        for line in run.stderr.splitlines()
        if line.startswith("would reformat ")
    ]
    if run.returncode and not found:
        raise RuntimeError(f"black failed: {run.stderr.strip()}")
    return found


def python_files(top: Path) -> list[str]:
    """Commands have no suffix: their first line says what they are."""
    commands = []
    for name in files(top):
        if not Path(name).suffix:
            with open(top / name, "rb") as command:
                if re.match(rb"#!.*/python3?\b", command.readline()):
                    commands.append(name)
    return [*files(top, suffixes=(".py",)), *commands]


def main(top: Path = TOP) -> int:
    c_names = files(top, suffixes=(".cc", ".h", ".c"))
    python_names = python_files(top)
    if "--fix" in sys.argv[1:]:
        subprocess.run(
            ["clang-format", "--style=file", "-i", *c_names], cwd=top, check=True
        )
        subprocess.run([*BLACK, "--quiet", *python_names], cwd=top, check=True)
        return 0
    found = unformatted_c(c_names, top) + unformatted_python(python_names, top)
    return report("format", len(c_names) + len(python_names), found)


if __name__ == "__main__":
    sys.exit(main())
