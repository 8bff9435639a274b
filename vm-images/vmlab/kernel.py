"""A kernel ready to boot: its image and its modules, unpacked from the locked packages."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import archive, cache, mirror, recipes, tools
from .errors import KernelMissing, VmSetupError


@dataclass(frozen=True)
class KernelFiles:
    name: str
    abi: str
    vmlinuz: Path
    modules: Path


def files_of(locked: recipes.LockedKernel) -> KernelFiles:
    """Fetch and unpack as needed. Whatever goes wrong, the error says which kernel it was."""
    key = cache.key_of(*(package.sha256 for package in locked.packages))
    try:
        tree = cache.made_once(
            cache.root() / "kernels" / key, lambda path: _unpack(locked, path)
        )
    except VmSetupError as wrong:
        raise KernelMissing(
            f"kernel {locked.name} ({locked.abi}): {wrong}\n"
            f"if the mirror has dropped this build, `python3 -m vmlab resolve {locked.name}` picks a newer one"
        ) from wrong
    # Up to 6.18 the image lies in /boot, later ones keep it with the modules; merged /usr or not, depending on the suite.
    image = _first(
        locked,
        tree,
        f"boot/vmlinuz-{locked.abi}",
        f"usr/lib/modules/{locked.abi}/vmlinuz",
    )
    modules = _first(
        locked, tree, f"usr/lib/modules/{locked.abi}", f"lib/modules/{locked.abi}"
    )
    return KernelFiles(locked.name, locked.abi, image, modules)


def _unpack(locked: recipes.LockedKernel, target: Path) -> None:
    target.mkdir()
    for path in archive.fetch(list(locked.packages), mirror.of_this_machine()).values():
        try:
            tools.output_of(["dpkg-deb", "-x", str(path), str(target)], timeout_s=300)
        except subprocess.SubprocessError as wrong:
            raise VmSetupError(f"cannot unpack {path.name}: {wrong}") from wrong


def _first(locked: recipes.LockedKernel, tree: Path, *places: str) -> Path:
    for place in places:
        if (tree / place).exists():
            return tree / place
    raise KernelMissing(
        f"kernel {locked.name}: its packages contain none of {', '.join(places)}"
    )
