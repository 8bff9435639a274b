"""A real 32-bit program: busybox of Debian i386.

Run as a program it prints the path of the binary.
"""

from __future__ import annotations

import sys
from pathlib import Path

from harness.fetch.debian import FetchError, Request, unpacked

REQUEST = Request(
    suite="bookworm", architecture="i386", packages=("busybox",), closure=False
)


def busybox32() -> Path:
    root = unpacked("busybox-i386", REQUEST)
    for place in ("bin/busybox", "usr/bin/busybox"):
        if (root / place).exists():
            return root / place
    raise FetchError("the package busybox:i386 holds no busybox")


if __name__ == "__main__":
    try:
        print(busybox32())
    except FetchError as error:
        sys.exit(f"busybox: {error}")
