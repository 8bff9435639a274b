"""The kept work directory comes back as it was: inodes, times, holes, kinds."""

from __future__ import annotations

import os
from pathlib import Path

from harness.workdir import KeptDirectory, state_of


def test_it_comes_back(tmp_path: Path) -> None:
    live = tmp_path / "work"
    (live / "deep").mkdir(parents=True)
    (live / "deep" / "text").write_text("before")
    with open(live / "sparse", "wb") as file:
        file.truncate(1 << 33)
        file.seek(1 << 32)
        file.write(b"island")
    os.mkfifo(live / "fifo", 0o600)
    os.symlink("deep/text", live / "link")
    os.chmod(live / "deep" / "text", 0o640)
    os.utime(live / "deep" / "text", ns=(1_000_000_001, 2_000_000_002))
    before = state_of(live)
    kept = KeptDirectory(live, tmp_path / "kept")

    (live / "deep" / "text").write_text("after, and longer")
    (live / "sparse").unlink()
    (live / "link").unlink()
    (live / "new").mkdir()
    (live / "new" / "file").touch()
    kept.put_back()

    after = state_of(live)
    assert after.keys() == before.keys()
    assert after["deep/text"] == before["deep/text"]  # the inode, too
    assert (live / "deep" / "text").read_text() == "before"
    assert (live / "deep" / "text").stat().st_mode & 0o777 == 0o640
    assert (live / "link").readlink() == Path("deep/text")
    found = (live / "sparse").stat()
    assert found.st_size == 1 << 33 and found.st_blocks * 512 < 1 << 20
    with open(live / "sparse", "rb") as file:
        file.seek(1 << 32)
        assert file.read(6) == b"island"


def test_a_file_that_became_a_directory(tmp_path: Path) -> None:
    live = tmp_path / "work"
    live.mkdir()
    (live / "thing").write_text("file")
    kept = KeptDirectory(live, tmp_path / "kept")
    (live / "thing").unlink()
    (live / "thing").mkdir()
    kept.put_back()
    assert (live / "thing").read_text() == "file"
