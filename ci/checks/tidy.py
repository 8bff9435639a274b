"""clang-tidy over the engine, the fuzz targets and the benchmarks, with a memory of what was clean before.

A file is run again only if what the compiler sees of it, the rules or clang-tidy itself changed, so a second run costs a
second. `--changed` looks only at files that differ from the last commit on the main branch or are not committed."""

import argparse
import hashlib
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from checks.tree import TOP, Finding, files, report

_LOOKED_AT = ("cr/", "fuzz/", "bench/")


@dataclass(frozen=True)
class Compilation:
    """One entry of compile_commands.json."""

    source: str  # below TOP
    arguments: list[str]
    directory: str


def compilations(build: Path) -> list[Compilation]:
    entries = json.loads((build / "compile_commands.json").read_text())
    found = []
    for entry in entries:
        path = Path(entry["file"])
        if not path.is_relative_to(TOP) or path.is_relative_to(build):
            continue  # generated code is not ours to tidy
        source = str(path.relative_to(TOP))
        if source.startswith(_LOOKED_AT) and source.endswith(".cc"):
            found.append(
                Compilation(source, shlex.split(entry["command"]), entry["directory"])
            )
    return found


def cache_dir() -> Path:
    base = os.environ.get("CR_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "cr-matrix"
    )
    path = Path(base) / "tidy"
    path.mkdir(parents=True, exist_ok=True)
    return path


def tool_identity() -> bytes:
    version = subprocess.run(
        ["clang-tidy", "--version"], check=True, stdout=subprocess.PIPE
    ).stdout
    return version + (TOP / ".clang-tidy").read_bytes()


def preprocessed(one: Compilation) -> bytes | None:
    """What the compiler sees, comments kept: a NOLINT counts. None where it does not even preprocess."""
    arguments = [word for word in one.arguments if "ccache" not in Path(word).name]
    if "-o" in arguments:
        at = arguments.index("-o")
        arguments = arguments[:at] + arguments[at + 2 :]
    arguments = [word for word in arguments if word != "-c"]
    run = subprocess.run(
        [*arguments, "-E", "-C"],
        cwd=one.directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return run.stdout if run.returncode == 0 else None


def problem_in(one: Compilation, build: Path, identity: bytes) -> str | None:
    """What clang-tidy says about the file; None if it is clean."""
    seen = preprocessed(one)
    mark = (
        cache_dir()
        / hashlib.sha256(identity + one.source.encode() + (seen or b"")).hexdigest()
    )
    if seen is not None and mark.exists():
        return None
    run = subprocess.run(
        ["clang-tidy", "--quiet", "-p", str(build), str(TOP / one.source)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if run.returncode:
        return run.stdout.strip()
    mark.touch()
    return None


def changed_files() -> set[str]:
    git = ["git", "-c", "safe.directory=*"]
    listed = subprocess.run(
        [*git, "diff", "--name-only", "HEAD"],
        cwd=TOP,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.split("\n")
    last = subprocess.run(
        [*git, "diff", "--name-only", "HEAD~1..HEAD"],
        cwd=TOP,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.split("\n")
    known = set(files())
    new = subprocess.run(
        [*git, "ls-files", "--others", "--exclude-standard"],
        cwd=TOP,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.split("\n")
    return {name for name in listed + last + new if name in known}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=TOP / "build/release")
    parser.add_argument(
        "--changed", action="store_true", help="only files of the last commit and newer"
    )
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()

    todo = compilations(options.build.resolve())
    if options.changed:
        names = changed_files()
        todo = [one for one in todo if one.source in names]
        if not todo:
            print("tidy: no changed source files", file=sys.stderr)
            return 0
    identity = tool_identity()
    with ThreadPoolExecutor(options.jobs) as pool:
        problems = list(
            pool.map(
                lambda one: problem_in(one, options.build.resolve(), identity), todo
            )
        )
    found = [
        Finding(one.source, 0, problem)
        for one, problem in zip(todo, problems)
        if problem
    ]
    return report("tidy", len(todo), found)


if __name__ == "__main__":
    sys.exit(main())
