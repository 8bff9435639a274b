"""What one machine packs the other finds: the same files, times and links."""

from __future__ import annotations

import os
from pathlib import Path

from harness.luggage import Luggage


def test_all_of_a_work_directory_arrives(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "work" / "folder").mkdir(parents=True)
    (there / "work").mkdir(parents=True)
    (here / "image").write_bytes(bytes(range(256)) * 100)
    (here / "work" / "file").write_bytes(b"text")
    with open(here / "work" / "sparse", "wb") as sparse:
        sparse.truncate(1 << 20)
        sparse.seek(1 << 19)
        sparse.write(b"in the middle")
    os.symlink("file", here / "work" / "link")
    os.mkfifo(here / "work" / "fifo")
    os.chmod(here / "work" / "file", 0o640)
    os.utime(here / "work" / "file", ns=(1, 1_600_000_000_123_456_789))
    os.utime(here / "work", ns=(1, 1_600_000_000_000_000_007))

    text = Luggage({"root": 7}).pack(here / "image", here / "work", here / "kept")
    arrived = Luggage.unpack(text, there / "image", there / "work", there / "luggage")

    assert arrived.facts == {"root": 7}
    assert (there / "image").read_bytes() == (here / "image").read_bytes()
    for name in ("file", "sparse", "folder", "link", "fifo", "."):
        one = (here / "work" / name).lstat()
        other = (there / "work" / name).lstat()
        assert (one.st_mode, one.st_mtime_ns) == (other.st_mode, other.st_mtime_ns)
    assert (there / "work" / "file").read_bytes() == b"text"
    assert (there / "work" / "sparse").read_bytes() == (
        here / "work" / "sparse"
    ).read_bytes()
    assert os.readlink(there / "work" / "link") == "file"
