"""The work directory as it was at the dump, kept and put back.

Put back means the same inodes where they still exist: an image may name files by inode, and the
copy must not look like a replaced file.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

Times = tuple[int, int]


class KeptDirectory:
    def __init__(self, live: Path, store: Path) -> None:
        self.live = live
        self.store = store
        self.times: dict[Path, Times] = {}
        store.mkdir()
        self._copy_tree(live, store)

    @classmethod
    def of(cls, live: Path, store: Path, times: dict[Path, Times]) -> KeptDirectory:
        """One that was kept elsewhere."""
        kept = cls.__new__(cls)
        kept.live, kept.store, kept.times = live, store, times
        return kept

    def _copy_tree(self, source: Path, target: Path) -> None:
        for entry in sorted(source.rglob("*")):
            relative = entry.relative_to(source)
            found = entry.lstat()
            place = target / relative
            if stat.S_ISDIR(found.st_mode):
                place.mkdir(exist_ok=True)
            elif stat.S_ISREG(found.st_mode):
                copy_sparse(entry, place)
            elif stat.S_ISLNK(found.st_mode):
                os.symlink(os.readlink(entry), place)
            elif stat.S_ISFIFO(found.st_mode):
                os.mkfifo(place)
            os.chmod(
                place, stat.S_IMODE(found.st_mode), follow_symlinks=True
            ) if not place.is_symlink() else None
            self.times[relative] = (found.st_atime_ns, found.st_mtime_ns)
        found = source.stat()
        self.times[Path(".")] = (found.st_atime_ns, found.st_mtime_ns)

    def put_back(self) -> None:
        kept = {entry.relative_to(self.store): entry for entry in self.store.rglob("*")}
        for entry in sorted(self.live.rglob("*"), reverse=True):
            old = kept.get(entry.relative_to(self.live))
            if old is None or stat.S_IFMT(old.lstat().st_mode) != stat.S_IFMT(
                entry.lstat().st_mode
            ):
                shutil.rmtree(
                    entry
                ) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        for relative, old in sorted(kept.items()):
            place = self.live / relative
            mode = old.lstat().st_mode
            if stat.S_ISDIR(mode):
                place.mkdir(exist_ok=True)
            elif stat.S_ISREG(mode):
                copy_sparse(old, place)
            elif stat.S_ISLNK(mode) and not place.is_symlink():
                os.symlink(os.readlink(old), place)
            elif stat.S_ISFIFO(mode) and not place.exists():
                os.mkfifo(place)
            if not stat.S_ISLNK(mode):
                os.chmod(place, stat.S_IMODE(mode))
        # Deepest first: putting a file back changes the time of its directory.
        for relative in sorted(
            self.times, key=lambda path: len(path.parts), reverse=True
        ):
            os.utime(
                self.live / relative, ns=self.times[relative], follow_symlinks=False
            )


def copy_sparse(source: Path, target: Path) -> None:
    """Contents and holes; keeps target's inode if it exists."""
    with open(source, "rb") as reader, open(
        os.open(target, os.O_WRONLY | os.O_CREAT), "wb"
    ) as writer:
        os.ftruncate(writer.fileno(), 0)
        end = os.fstat(reader.fileno()).st_size
        os.ftruncate(writer.fileno(), end)
        at = 0
        while at < end:
            try:
                data = os.lseek(reader.fileno(), at, os.SEEK_DATA)
            except OSError:  # ENXIO: nothing but a hole until the end
                break
            at = os.lseek(reader.fileno(), data, os.SEEK_HOLE)
            while data < at:
                piece = os.pread(reader.fileno(), min(at - data, 1 << 20), data)
                os.pwrite(writer.fileno(), piece, data)
                data += len(piece)


def state_of(live: Path) -> dict[str, tuple[int, int, int]]:
    """Names with inode, size and time of change, for "did anything move?"."""
    return {
        str(entry.relative_to(live)): (
            entry.lstat().st_ino,
            entry.lstat().st_size,
            entry.lstat().st_mtime_ns,
        )
        for entry in live.rglob("*")
    }
