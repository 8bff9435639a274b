"""A kernel of the user's own: a bzImage, and its modules unless all is built in. Its name is PATH or PATH:MODULES."""

from __future__ import annotations

from pathlib import Path

from .errors import KernelMissing
from .kernel import KernelFiles


def is_own(name: str) -> bool:
    return "/" in name


def files_of(name: str) -> KernelFiles:
    """Requires: it is the name of one. KernelMissing says what is wrong with it."""
    image, _, modules = name.partition(":")
    path = Path(image)
    try:
        abi = release_of(path.read_bytes())
    except (OSError, ValueError) as wrong:
        raise KernelMissing(f"kernel {image}: {wrong}") from wrong
    return KernelFiles(
        name, abi, path, _modules(Path(modules), abi) if modules else None
    )


def release_of(image: bytes) -> str:
    """What `uname -r` will say: Documentation/arch/x86/boot.rst, kernel_version. ValueError: it is no bzImage."""
    if image[0x202:0x206] != b"HdrS":
        raise ValueError("this is no bzImage (arch/x86/boot/bzImage of a built tree)")
    start = int.from_bytes(image[0x20E:0x210], "little") + 0x200
    words = image[start : start + 256].split(b"\0")[0].decode(errors="replace").split()
    if start == 0x200 or not words:
        raise ValueError("it does not say which version it is")
    return words[0]


def _modules(folder: Path, abi: str) -> Path:
    """`make modules_install INSTALL_MOD_PATH=DIR` puts them below DIR/lib/modules/RELEASE."""
    for place in (folder, folder / abi, folder / "lib" / "modules" / abi):
        if (place / "modules.builtin").exists():
            return place
    raise KernelMissing(
        f"kernel {abi}: {folder} holds no modules of it (modules.builtin)"
    )
