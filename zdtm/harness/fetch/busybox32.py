"""A real 32-bit program: busybox of Debian i386.

Run as a program it prints the path of the binary.
"""

from __future__ import annotations

import sys
from pathlib import Path

from harness.fetch.debian import FetchError, unpacked


def busybox32() -> Path:
    program = unpacked("i386") / "bin/busybox"
    if not program.exists():
        raise FetchError("the package busybox:i386 holds no busybox")
    return program


if __name__ == "__main__":
    try:
        print(busybox32())
    except FetchError as error:
        sys.exit(f"busybox: {error}")
