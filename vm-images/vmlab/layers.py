"""The layers of the guests' root: their packages, and how these are laid out. The host uses single ones of them, too."""

from __future__ import annotations

import subprocess
from pathlib import Path

from . import cache, recipes, resolve, stand_in, tools
from .errors import VmSetupError
from .packages import Package

# Bump when the code below makes another tree from the same packages.
_FORMAT = "1"


def packages(layer: recipes.Layer) -> list[Package]:
    """What the layer consists of on this machine."""
    return stand_in.in_use(recipes.locked_layer(layer.name))


def debs(layer: recipes.Layer) -> dict[Package, Path]:
    """The files of its packages, fetched as needed."""
    what = f"layer {layer.name} of the guests' root"
    try:
        return stand_in.fetched(
            what,
            "--root",
            recipes.locked_layer(layer.name),
            lambda bases: resolve.resolve_layer(layer, bases),
        )
    except VmSetupError as wrong:
        raise VmSetupError(f"{what}: {wrong}") from wrong


def tree(name: str) -> Path:
    """The directory that holds this one layer, unpacked."""
    (layer,) = (each for each in recipes.all_layers() if each.name == name)
    path = _place(layer)
    if path.exists():
        return path
    files = debs(layer)

    def make(target: Path) -> None:
        lay_out(target)
        for deb in files.values():
            unpack(deb, target)

    # Asked again: fetching may have found other packages than the locked ones.
    return cache.made_once(_place(layer), make)


def _place(layer: recipes.Layer) -> Path:
    key = cache.key_of(_FORMAT, *(package.sha256 for package in packages(layer)))
    return cache.root() / "layers" / f"{layer.name}-{key}"


def lay_out(tree: Path) -> None:
    """The merged /usr of Debian 12: packages still ship files under /bin and /lib, through these links they land in /usr."""
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        (tree / "usr" / name).mkdir(parents=True, exist_ok=True)
        (tree / name).symlink_to(f"usr/{name}")


def unpack(deb: Path, tree: Path) -> None:
    with subprocess.Popen(
        [tools.find("dpkg-deb"), "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE
    ) as source:
        sink = subprocess.run(
            [
                tools.find("tar"),
                "-x",
                "--keep-directory-symlink",
                "--no-same-owner",
                "-p",
                "-C",
                str(tree),
            ],
            stdin=source.stdout,
            capture_output=True,
            check=False,
        )
    if source.returncode or sink.returncode:
        raise VmSetupError(
            f"cannot unpack {deb.name}: {sink.stderr.decode(errors='replace').strip()[-500:]}"
        )
