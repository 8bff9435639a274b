"""Run programs of the host; a missing one is named together with the Debian package that ships it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from .errors import VmSetupError

_PACKAGE_OF = {
    "apt-cache": "apt",
    "apt-get": "apt",
    "dpkg-deb": "dpkg",
    "gcc": "gcc",
    "mkfs.erofs": "erofs-utils",
    "qemu-system-x86_64": "qemu-system-x86",
    "setpriv": "util-linux",
    "tar": "tar",
}


def find(program: str) -> str:
    # A user's PATH may lack the sbin directories, where mkfs.erofs lives.
    path = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
    if found := shutil.which(program, path=path):
        return found
    raise VmSetupError(
        f"{program} is not installed (Debian package {_PACKAGE_OF.get(program, program)})"
    )


def output_of(
    argv: Sequence[str],
    *,
    timeout_s: float,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
) -> str:
    """Standard output of a program that must succeed; its last words become the error."""
    program = find(argv[0])
    full_env = {**os.environ, **(env or {}), "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            [program, *argv[1:]],
            capture_output=True,
            check=False,
            timeout=timeout_s,
            env=full_env,
            input=stdin,
        )
    except subprocess.TimeoutExpired as late:
        raise VmSetupError(f"{argv[0]} did not end within {timeout_s:g} s") from late
    if done.returncode != 0:
        words = (done.stderr or done.stdout).decode(errors="replace").strip()[-2000:]
        raise VmSetupError(f"{argv[0]} failed ({done.returncode}): {words}")
    return done.stdout.decode(errors="replace")
