"""Compile the guest program: static, so that it runs in an initrd that has nothing else."""

from __future__ import annotations

from pathlib import Path

from . import cache, recipes, tools

_FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-static", "-s")


def program() -> Path:
    sources = sorted((recipes.HOME / "guest").glob("*.c"))
    everything = [*sources, *sorted((recipes.HOME / "guest").glob("*.h"))]
    compiler = tools.output_of(["gcc", "--version"], timeout_s=60)
    key = cache.key_of(
        compiler,
        *_FLAGS,
        *(path.name.encode() + path.read_bytes() for path in everything),
    )

    def compile_it(target: Path) -> None:
        tools.output_of(
            ["gcc", *_FLAGS, "-o", str(target), *map(str, sources)], timeout_s=300
        )

    return cache.made_once(cache.root() / "guest" / key, compile_it)
