"""A kernel of the user's own: known by its image, and refused by name where it cannot boot."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import vmlab
from vmlab import kernel, own_kernel, recipes
from vmlab.errors import KernelMissing


def image(release: bytes) -> bytes:
    header = bytearray(0x1000)
    header[0x202:0x206] = b"HdrS"
    header[0x20E:0x210] = (0x600).to_bytes(2, "little")
    header[0x800 : 0x800 + len(release)] = release
    return bytes(header)


def test_an_image_says_which_version_it_is() -> None:
    assert own_kernel.release_of(image(b"7.9.0-rc1+ (me@here) #1 SMP")) == "7.9.0-rc1+"


@pytest.mark.parametrize(
    "content, why",
    [(b"", "no bzImage"), (b"x" * 4096, "no bzImage"), (image(b""), "does not say")],
)
def test_what_is_no_image_is_named(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "bzImage").write_bytes(content)
    with pytest.raises(KernelMissing, match=why):
        own_kernel.files_of(str(tmp_path / "bzImage"))


def test_modules_are_those_of_the_image(tmp_path: Path) -> None:
    (tmp_path / "bzImage").write_bytes(image(b"7.9.0"))
    with pytest.raises(KernelMissing, match="no modules of it"):
        own_kernel.files_of(f"{tmp_path}/bzImage:{tmp_path}")
    folder = tmp_path / "lib/modules/7.9.0"
    folder.mkdir(parents=True)
    (folder / "modules.builtin").touch()
    assert own_kernel.files_of(f"{tmp_path}/bzImage:{tmp_path}").modules == folder
    assert own_kernel.files_of(f"{tmp_path}/bzImage").modules is None


@pytest.mark.vm
def test_one_boots(tmp_path: Path) -> None:
    """Debian's, as if it were the user's."""
    files = kernel.files_of(recipes.locked_kernel(vmlab.reference()))
    shutil.copy(files.vmlinuz, tmp_path / "bzImage")
    name = f"{tmp_path}/bzImage:{files.modules}"
    with vmlab.Vm.start(name, workdir=tmp_path / "vm", deadline_s=600.0) as machine:
        assert machine.release == files.abi
        assert machine.run(["true"], 60).returncode == 0
