"""Turn wishes into exact packages: the newest build that is complete on the mirror today."""

from __future__ import annotations

import re

from . import mirror
from .archive import Archive
from .errors import KernelMissing
from .packages import Package
from .recipes import KernelWish, Layer, LockedKernel


def version_key(text: str) -> list[int | str]:
    """Order for ABI strings of one wish, where only numbers differ: 6.12.94 comes before 6.12.107."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text)]


def complete_builds(
    image: str, packages: tuple[str, ...], names: set[str]
) -> list[str]:
    """ABI strings whose packages are all there, newest first.

    The mirror is not always consistent: an image whose modules package was not uploaded must not be chosen.
    """
    abis = {match[1] for name in names if (match := re.fullmatch(image, name))}
    complete = [
        abi for abi in abis if all(wish.format(abi=abi) in names for wish in packages)
    ]
    return sorted(complete, key=version_key, reverse=True)


def resolve_kernel(wish: KernelWish, bases: mirror.Mirror) -> LockedKernel:
    archive = Archive(wish.suite, "amd64", bases)
    archive.update()
    names = {match[0] for match in archive.names(".*")}
    builds = complete_builds(wish.image, wish.packages, names)
    if not builds:
        raise KernelMissing(
            f"kernel {wish.name}: {wish.suite} has no complete build of {wish.image}"
        )
    abi = builds[0]
    packages = sorted(archive.show([name.format(abi=abi) for name in wish.packages]))
    return LockedKernel(
        wish.name, wish.suite, abi, packages[0].version, tuple(packages)
    )


def resolve_layer(layer: Layer, bases: mirror.Mirror) -> list[Package]:
    archive = Archive(layer.suite, layer.architecture, bases)
    archive.update()
    wanted = list(layer.packages)
    return (
        archive.closure(wanted) if layer.dependencies else sorted(archive.show(wanted))
    )
