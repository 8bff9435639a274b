"""The initial RAM file system: the guest program and the modules (made once for a kernel), then the payload (each time)."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from . import cache, guest_build, recipes
from .cpio import CpioWriter
from .errors import KernelMissing, VmSetupError
from .kernel import KernelFiles
from .modules import ModuleTree, alias_table, static_nodes

# What lies here is the upper layer of the guest's root (see guest/boot.c): at its final path without a copy.
_UPPER = "over/upper"
# Bump when the code below writes another archive from the same inputs.
_FORMAT = "3"

Payload = Sequence[tuple[Path, str]]


def build(target: Path, kernel: KernelFiles, payload: Payload) -> Path:
    with target.open("wb") as out:
        with base(kernel).open("rb") as ready_made:
            shutil.copyfileobj(ready_made, out, 1 << 20)
        writer = CpioWriter(out)
        for source, place in payload:
            if not source.exists():
                raise VmSetupError(f"payload {source} does not exist")
            if not place.startswith("/") or place == "/":
                raise VmSetupError(
                    f"payload place {place!r} is not an absolute path below /"
                )
            writer.tree(source.resolve(), _UPPER + merged_usr(place))
        writer.close()
    return target


def merged_usr(place: str) -> str:
    """A path through /bin or /lib is one below /usr: a directory of that name in the upper layer would hide the link."""
    first = place.split("/", 2)[1]
    return (
        f"/usr{place}"
        if first in ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
        else place
    )


def base(kernel: KernelFiles) -> Path:
    """The part that does not depend on the payload."""
    program = guest_build.program()
    wish = recipes.module_wish()
    key = cache.key_of(
        _FORMAT, program.name, str(kernel.modules), _newest(kernel.modules), repr(wish)
    )
    return cache.made_once(
        cache.root() / "initrd" / f"{key}.cpio",
        lambda path: _write_base(path, kernel, program, wish),
    )


def _newest(modules: Path | None) -> str:
    """Those of packages never change; a user's own are built anew."""
    if modules is None:
        return ""
    return str(max((path.stat().st_mtime_ns for path in modules.iterdir()), default=0))


def _write_base(
    target: Path, kernel: KernelFiles, program: Path, wish: recipes.ModuleWish
) -> None:
    tree = ModuleTree(kernel.modules)
    boot = tree.in_load_order(wish.boot)
    for name in ("virtio_blk", "erofs", "overlay"):
        if name not in boot and not tree.is_builtin(name):
            raise KernelMissing(
                f"kernel {kernel.name} has no {name}, it cannot mount the guest's root"
            )
    on_demand = [name for name in wish.on_demand if tree.has_file(name)]
    with target.open("wb") as out:
        writer = CpioWriter(out)
        writer.file("init", program.read_bytes(), 0o755)
        for index, name in enumerate(boot):
            writer.file(f"modules/{index:02}-{name}.ko", tree.data(name))
        place = f"{_UPPER}/usr/lib/modules/vmlab"
        for name in tree.in_load_order(on_demand):
            writer.file(f"{place}/{name}.ko", tree.data(name))
        writer.file(f"{place}/table", alias_table(tree, on_demand).encode())
        nodes = static_nodes(tree.info(name) for name in tree.in_load_order(on_demand))
        writer.file(f"{place}/nodes", nodes.encode())
        writer.file(f"{_UPPER}/usr/sbin/modprobe", program.read_bytes(), 0o755)
        writer.close()
