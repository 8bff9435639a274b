"""A kernel ready to boot: its image and its modules, unpacked from the locked packages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from . import cache, recipes, resolve, stand_in, tools
from .errors import KernelMissing, VmSetupError


@dataclass(frozen=True)
class KernelFiles:
    name: str
    abi: str
    vmlinuz: Path
    modules: Path | None  # None: all is built in


def files_of(locked: recipes.LockedKernel) -> KernelFiles:
    """Fetch and unpack as needed. Whatever goes wrong, the error says which kernel it was."""
    try:
        tree = _tree(locked)
    except VmSetupError as wrong:
        raise KernelMissing(f"kernel {locked.name} ({locked.abi}): {wrong}") from wrong
    # Merged /usr or not, depending on the suite. The name says which build it is: perhaps not the one of the lock.
    modules = _first(locked, tree, "usr/lib/modules/*", "lib/modules/*")
    # Up to 6.18 the image lies in /boot, later ones keep it with the modules.
    image = _first(
        locked, tree, f"boot/vmlinuz-{modules.name}", "usr/lib/modules/*/vmlinuz"
    )
    return KernelFiles(locked.name, modules.name, image, modules)


def _tree(locked: recipes.LockedKernel) -> Path:
    path = _place(locked)
    if path.exists():
        return path
    wish = recipes.kernel_wish(locked.name)
    debs = stand_in.fetched(
        f"kernel {locked.name}",
        locked.name,
        locked.packages,
        lambda bases: list(resolve.resolve_kernel(wish, bases).packages),
    )

    def unpack(target: Path) -> None:
        target.mkdir()
        for deb in debs.values():
            tools.output_of(["dpkg-deb", "-x", str(deb), str(target)], timeout_s=300)

    # Asked again: fetching may have found a newer build than the locked one.
    return cache.made_once(_place(locked), unpack)


def _place(locked: recipes.LockedKernel) -> Path:
    packages = stand_in.in_use(locked.packages)
    return (
        cache.root()
        / "kernels"
        / cache.key_of(*(package.sha256 for package in packages))
    )


def _first(locked: recipes.LockedKernel, tree: Path, *places: str) -> Path:
    for place in places:
        for path in tree.glob(place):
            return path
    raise KernelMissing(
        f"kernel {locked.name}: its packages contain none of {', '.join(places)}"
    )
