"""CRIU from Debian trixie, with the libraries it was built against.

Bookworm's 3.17 is older than the kernels of the matrix. The unpacked one runs under its own
dynamic loader, so nothing of it reaches the host's libraries.
Run as a program it prints the path of the start script.
"""

from __future__ import annotations

import sys
from pathlib import Path

from harness.fetch.debian import FetchError, Request, unpacked

REQUEST = Request(
    suite="trixie", architecture="amd64", packages=("criu",), closure=True
)

# $here is found at run time, so the folder can be copied into a guest as it is.
SCRIPT = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
libraries=$here/lib/x86_64-linux-gnu:$here/usr/lib/x86_64-linux-gnu
exec "$here/usr/lib64/ld-linux-x86-64.so.2" --library-path "$libraries" "$here/usr/sbin/criu" "$@"
"""


def criu_start_script() -> Path:
    root = unpacked("criu", REQUEST)
    script = root / "criu"
    if not script.exists():
        script.write_text(SCRIPT)
        script.chmod(0o755)
    return script


if __name__ == "__main__":
    try:
        print(criu_start_script())
    except FetchError as error:
        sys.exit(f"criu: {error}")
