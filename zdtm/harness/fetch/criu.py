"""CRIU: the one that the machine's owner has, or else one from a newer Debian, with the libraries it was built against.

Bookworm's 3.17 is older than the kernels of the matrix. The unpacked one runs under its own dynamic loader, so nothing of it
reaches the host's libraries. Run as a program it prints the path of the start script of the unpacked one.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Optional

from harness.fetch.debian import FetchError, unpacked


def criu_program() -> Path:
    """One in PATH goes first, if it runs: who has put it there means that one."""
    return installed_criu() or criu_start_script()


def installed_criu() -> Optional[Path]:
    found = shutil.which("criu")
    if found is None:
        return None
    try:
        done = subprocess.run([found, "--version"], capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Path(found).absolute() if done.returncode == 0 else None


def criu_command() -> list[str]:
    """The words that start the unpacked one."""
    root = unpacked("criu")
    loader = root / "usr/lib64/ld-linux-x86-64.so.2"
    program = root / "usr/sbin/criu"
    for needed in (loader, program):
        if not needed.exists():
            raise FetchError(f"the packages of criu hold no {needed.relative_to(root)}")
    libraries = root / "usr/lib/x86_64-linux-gnu"
    return [str(loader), "--library-path", str(libraries), str(program)]


def criu_start_script() -> Path:
    """The same as one program, for who can name but one."""
    words = criu_command()
    root = Path(words[0]).parents[2]
    script = root.with_name(f"{root.name}.start")
    text = f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n'
    if not script.exists() or script.read_text() != text:
        # By rename: another run may be about to start it.
        fresh = script.with_name(f".{script.name}.{os.getpid()}")
        fresh.write_text(text)
        fresh.chmod(0o755)
        fresh.rename(script)
    return script


if __name__ == "__main__":
    try:
        print(criu_start_script())
    except FetchError as error:
        sys.exit(f"criu: {error}")
