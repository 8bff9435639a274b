"""Write "newc" archives, the format the kernel unpacks at boot. Several can be appended to each other."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

_ALIGN = 4


class CpioWriter:
    """Everything belongs to root and has no times, so equal contents give equal archives."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._inode = 0
        self._made: set[str] = set()

    def file(self, path: str, data: bytes, mode: int = 0o644) -> None:
        self._parents(path)
        self._entry(path, stat.S_IFREG | mode, data)

    def symlink(self, path: str, target: str) -> None:
        self._parents(path)
        self._entry(path, stat.S_IFLNK | 0o777, target.encode())

    def directory(self, path: str, mode: int = 0o755) -> None:
        path = path.strip("/")
        if path and path not in self._made:
            self._parents(path)
            self._made.add(path)
            self._entry(path, stat.S_IFDIR | mode, b"")

    def tree(self, source: Path, path: str) -> None:
        """A file or a whole directory of the host under a new path; links stay links."""
        info = source.lstat()
        if stat.S_ISLNK(info.st_mode):
            self.symlink(path, os.readlink(source))
        elif stat.S_ISDIR(info.st_mode):
            self.directory(path, stat.S_IMODE(info.st_mode))
            for entry in sorted(os.listdir(source)):
                self.tree(source / entry, f"{path}/{entry}")
        elif stat.S_ISREG(info.st_mode):
            self.file(path, source.read_bytes(), stat.S_IMODE(info.st_mode))
        # Sockets, FIFOs and devices of a build directory mean nothing in another machine.

    def close(self) -> None:
        self._entry("TRAILER!!!", 0, b"")
        # The kernel accepts zeros between archives; whole sectors keep appending simple.
        self._out.write(b"\0" * (-self._out.tell() % 512))

    def _parents(self, path: str) -> None:
        parent = os.path.dirname(path.strip("/"))
        if parent:
            self.directory(parent)

    def _entry(self, path: str, mode: int, data: bytes) -> None:
        name = path.strip("/").encode() + b"\0"
        self._inode += 1
        fields = (self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        self._padded(header + name)
        self._padded(data)

    def _padded(self, data: bytes) -> None:
        self._out.write(data)
        self._out.write(b"\0" * (-len(data) % _ALIGN))
