"""The data files of this folder: wishes (kernels.toml, root.toml) and what they were resolved to (*.lock.json)."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import KernelMissing, VmSetupError
from .packages import Package, write_lock

HOME = Path(__file__).resolve().parent.parent
KERNELS_LOCK = HOME / "kernels.lock.json"
ROOT_LOCK = HOME / "root.lock.json"


@dataclass(frozen=True)
class KernelWish:
    name: str
    tier: str
    suite: str
    image: str
    packages: tuple[str, ...]
    lacks: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ModuleWish:
    boot: tuple[str, ...]
    on_demand: tuple[str, ...]


@dataclass(frozen=True)
class LockedKernel:
    name: str
    suite: str
    abi: str
    version: str
    packages: tuple[Package, ...]


@dataclass(frozen=True)
class Layer:
    name: str
    suite: str
    architecture: str
    dependencies: bool
    packages: tuple[str, ...]
    roots: tuple[str, ...] = ()
    prefix: str = ""
    programs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RootWish:
    layers: tuple[Layer, ...]
    prune: tuple[str, ...]
    links: dict[str, str]


def _read_toml(name: str) -> dict[str, Any]:
    with (HOME / name).open("rb") as file:
        return tomllib.load(file)


def _read_lock(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        raise VmSetupError(
            f"{path.name} does not exist; run `python3 -m vmlab resolve`"
        ) from None


def kernel_wishes() -> list[KernelWish]:
    table = _read_toml("kernels.toml")["kernel"]
    return [
        KernelWish(
            name,
            row["tier"],
            row["suite"],
            row["image"],
            tuple(row["packages"]),
            frozenset(row["lacks"]),
        )
        for name, row in table.items()
    ]


def reference() -> str:
    """The kernel that every run of the matrix has."""
    name: str = _read_toml("kernels.toml")["reference"]
    return kernel_wish(name).name


def wishes_of(tier: str) -> list[KernelWish]:
    """Of the tier; `all` are all, `reference` is the one that every run has."""
    wishes = kernel_wishes()
    if tier == "reference":
        return [kernel_wish(reference())]
    chosen = [wish for wish in wishes if tier in (wish.tier, "all")]
    if not chosen:
        known = sorted({"all", "reference", *(wish.tier for wish in wishes)})
        raise KernelMissing(
            f"kernels.toml has no tier {tier}; there are {', '.join(known)}"
        )
    return chosen


def kernel_wish(name: str) -> KernelWish:
    for wish in kernel_wishes():
        if wish.name == name:
            return wish
    raise KernelMissing(f"kernels.toml has no kernel {name}")


def lacks_of(name: str) -> frozenset[str]:
    """What programs in a machine with this kernel do not find."""
    return kernel_wish(name).lacks


def module_wish() -> ModuleWish:
    table = _read_toml("kernels.toml")["modules"]
    return ModuleWish(boot=tuple(table["boot"]), on_demand=tuple(table["on_demand"]))


def _layer(row: dict[str, Any]) -> Layer:
    return Layer(
        name=row["name"],
        suite=row["suite"],
        architecture=row["architecture"],
        dependencies=row["dependencies"],
        packages=tuple(row["packages"]),
        roots=tuple(row["roots"]),
        prefix=row.get("prefix", ""),
        programs=dict(row.get("programs", {})),
    )


def all_layers() -> list[Layer]:
    return [_layer(row) for row in _read_toml("root.toml")["layer"]]


def root_wish(name: str = "") -> RootWish:
    """The userland of this name; empty: the one that machines have unless they say otherwise."""
    table = _read_toml("root.toml")
    layers = all_layers()
    name = name or layers[0].roots[0]
    if not any(name in layer.roots for layer in layers):
        known = sorted({root for layer in layers for root in layer.roots})
        raise VmSetupError(f"no userland {name}; there are {', '.join(known)}")
    return RootWish(
        layers=tuple(layer for layer in layers if name in layer.roots),
        prune=tuple(table["prune"]["paths"]),
        links=dict(table["links"]),
    )


def locked_kernels() -> list[LockedKernel]:
    return [
        LockedKernel(
            name,
            row["suite"],
            row["abi"],
            row["version"],
            tuple(map(Package.from_json, row["packages"])),
        )
        for name, row in _read_lock(KERNELS_LOCK).items()
    ]


def locked_kernel(name: str) -> LockedKernel:
    known = locked_kernels()
    for kernel in known:
        if kernel.name == name:
            return kernel
    raise KernelMissing(
        f"kernel {name} is not in {KERNELS_LOCK.name} (it has {', '.join(k.name for k in known)})"
    )


def write_kernels(kernels: list[LockedKernel]) -> None:
    write_lock(
        KERNELS_LOCK,
        {
            kernel.name: {
                "suite": kernel.suite,
                "abi": kernel.abi,
                "version": kernel.version,
                "packages": [package.to_json() for package in kernel.packages],
            }
            for kernel in kernels
        },
    )


def locked_layers() -> dict[str, list[Package]]:
    return {
        name: [Package.from_json(row) for row in rows]
        for name, rows in _read_lock(ROOT_LOCK).items()
    }


def locked_layer(name: str) -> list[Package]:
    known = locked_layers()
    if name not in known:
        raise VmSetupError(
            f"layer {name} is not in {ROOT_LOCK.name}; run `python3 -m vmlab resolve --root`"
        )
    return known[name]


def write_layers(layers: dict[str, list[Package]]) -> None:
    """Those that are not given stay what they are; one nobody wishes for any more leaves the lock."""
    known = {**(locked_layers() if ROOT_LOCK.exists() else {}), **layers}
    wished = {layer.name for layer in all_layers()}
    write_lock(
        ROOT_LOCK,
        {
            name: [package.to_json() for package in rows]
            for name, rows in sorted(known.items())
            if name in wished
        },
    )
