"""Which files make a kernel module work: names, aliases and dependencies out of the .modinfo section, no depmod needed."""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import elf
from .errors import VmSetupError

# Debian 13 and later ship .ko.xz; unpacked they load on every kernel, with or without decompression support.
_FILE = re.compile(r"^(?P<name>[A-Za-z0-9_-]+)\.ko(?P<xz>\.xz)?$")


@dataclass(frozen=True)
class ModInfo:
    aliases: tuple[str, ...]
    needs: tuple[str, ...]


def canonical(name: str) -> str:
    """The kernel treats '-' and '_' in module names alike; files may use either."""
    return name.replace("-", "_")


def parse_modinfo(section: bytes) -> ModInfo:
    aliases: list[str] = []
    needs: list[str] = []
    for item in section.split(b"\0"):
        key, _, value = item.decode(errors="replace").partition("=")
        if key == "alias":
            aliases.append(canonical(value))
        elif key == "depends":
            needs += [canonical(name) for name in value.split(",") if name]
        elif key == "softdep" and value.startswith("pre:"):
            # "pre: a b post: c": only what must come first concerns the order.
            words = value.removeprefix("pre:").split("post:")[0]
            needs += [canonical(name) for name in words.split()]
    return ModInfo(tuple(aliases), tuple(needs))


class ModuleTree:
    """The modules of one kernel, found by name."""

    def __init__(self, directory: Path | None) -> None:
        """None: a kernel without any, which is trusted to have all that is asked for built in."""
        self._files: dict[str, Path] = {}
        self._data: dict[str, bytes] = {}
        self._builtin: set[str] | None = None
        if directory is None:
            return
        for path in directory.rglob("*.ko*"):
            if match := _FILE.match(path.name):
                self._files[canonical(match["name"])] = path
        if not self._files:
            raise VmSetupError(f"no kernel modules under {directory}")
        builtin = directory / "modules.builtin"
        self._builtin = {
            canonical(Path(line).stem) for line in builtin.read_text().split()
        }

    def has_file(self, name: str) -> bool:
        return canonical(name) in self._files

    def is_builtin(self, name: str) -> bool:
        return self._builtin is None or canonical(name) in self._builtin

    def data(self, name: str) -> bytes:
        name = canonical(name)
        if name not in self._data:
            raw = self._files[name].read_bytes()
            self._data[name] = (
                lzma.decompress(raw) if self._files[name].suffix == ".xz" else raw
            )
        return self._data[name]

    def info(self, name: str) -> ModInfo:
        return parse_modinfo(elf.section(self.data(name), ".modinfo"))

    def in_load_order(self, names: Iterable[str]) -> list[str]:
        """The named modules and all they need, each after its needs; built-in and unknown ones fall away."""
        return load_order(
            names, {name: self.info(name).needs for name in self._closure(names)}
        )

    def _closure(self, names: Iterable[str]) -> set[str]:
        todo, seen = [canonical(name) for name in names], set()
        while todo:
            name = todo.pop()
            if name not in seen and self.has_file(name):
                seen.add(name)
                todo += self.info(name).needs
        return seen


def load_order(names: Iterable[str], needs: Mapping[str, Iterable[str]]) -> list[str]:
    """Depth first; a name that `needs` does not know has no file (it is built in)."""
    order: list[str] = []
    visiting: set[str] = set()

    def visit(name: str) -> None:
        if name in order or name not in needs or name in visiting:
            return
        visiting.add(name)
        for need in needs[name]:
            visit(need)
        order.append(name)

    for name in names:
        visit(canonical(name))
    return order


def alias_table(tree: ModuleTree, names: Iterable[str]) -> str:
    """What the guest's modprobe reads: a pattern, then the files in load order, one alias a line."""
    lines = []
    for name in tree.in_load_order(names):
        files = " ".join(f"{each}.ko" for each in tree.in_load_order([name]))
        lines += [
            f"{pattern} {files}"
            for pattern in (name, *tree.info(name).aliases)
            if " " not in pattern
        ]
    return "\n".join(lines) + "\n"


def static_nodes(infos: Iterable[ModInfo]) -> str:
    """Device nodes that must be there before their module is: opening one is what loads it. A path, major and minor a line."""
    lines = []
    for info in infos:
        # In pairs: devname:net/tun says where, char_major_10_200 says what.
        paths = [
            alias.removeprefix("devname:")
            for alias in info.aliases
            if alias.startswith("devname:")
        ]
        numbers = [
            match
            for alias in info.aliases
            if (match := re.fullmatch(r"char_major_(\d+)_(\d+)", alias))
        ]
        if len(paths) == 1 and len(numbers) == 1:
            lines.append(
                f"{paths[0].replace('_', '-')} {numbers[0][1]} {numbers[0][2]}\n"
            )
    return "".join(sorted(lines))
