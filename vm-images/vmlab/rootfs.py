"""Make the guest's read-only root: unpack the locked packages, add what maintainer scripts would have, pack it as erofs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import cache, elf, layers, recipes, tools
from .errors import VmSetupError
from .packages import Package

# Bump when the code below makes another tree from the same packages.
_FORMAT = "3"
# Any fixed moment and id will do: equal trees shall be equal images.
_TIMESTAMP = "1700000000"
_UUID = "7a64746d-0000-4000-8000-000000000001"

_WRAPPER = """\
#!/bin/sh
# {program} with the libraries it was built for; its dynamic linker is {linker}.
LD_LIBRARY_PATH={prefix}/usr/lib/x86_64-linux-gnu exec {prefix}/{path} "$@"
"""


def image(root: str = "") -> Path:
    """The erofs image of this userland, built if this recipe was never built here."""
    wish = recipes.root_wish(root)
    path = _place(wish)
    if path.exists():
        return path
    debs = {layer.name: layers.debs(layer) for layer in wish.layers}
    # Asked again: fetching may have found other packages than the locked ones.
    return cache.made_once(_place(wish), lambda path: _build(path, wish, debs))


def _place(wish: recipes.RootWish) -> Path:
    packages = sorted((layer.name, layers.packages(layer)) for layer in wish.layers)
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    key = cache.key_of(_FORMAT, repr(wish), repr(packages), python)
    return cache.root() / "root" / f"{key}.erofs"


def _build(
    target: Path, wish: recipes.RootWish, debs: dict[str, dict[Package, Path]]
) -> None:
    tree = target.parent / "tree"
    layers.lay_out(tree)
    for layer in wish.layers:
        into = tree / layer.prefix.lstrip("/")
        if layer.prefix:
            layers.lay_out(into)
        for deb in debs[layer.name].values():
            layers.unpack(deb, into)
        for name, path in layer.programs.items():
            _wrap(tree, layer.prefix, name, path)
    _finish(tree, wish)
    _compile_python(tree)
    _make_erofs(tree, target)


def _wrap(tree: Path, prefix: str, name: str, path: str) -> None:
    """Give a program its own dynamic linker, and a wrapper that tells it where its libraries are.

    Calling the linker with the program as argument would be simpler, but then /proc/self/exe is the linker, and programs that
    look at themselves or at their children through it are misled.
    """
    linker = f"{prefix}/ld.so"
    (tree / linker.lstrip("/")).symlink_to(
        "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
    )
    program = tree / prefix.lstrip("/") / path
    program.write_bytes(elf.with_interpreter(program.read_bytes(), linker))
    wrapper = tree / "usr/local/bin" / name
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    wrapper.write_text(
        _WRAPPER.format(program=name, linker=linker, prefix=prefix, path=path)
    )
    wrapper.chmod(0o755)


def _finish(tree: Path, wish: recipes.RootWish) -> None:
    for path in wish.prune:
        shutil.rmtree(tree / path, ignore_errors=True)
    for name in ("passwd", "group"):
        shutil.copyfile(
            tree / f"usr/share/base-passwd/{name}.master", tree / f"etc/{name}"
        )
    (tree / "etc/hostname").write_text("guest\n")
    (tree / "etc/hosts").write_text("127.0.0.1 localhost guest\n::1 localhost\n")
    for link, target in wish.links.items():
        place = tree / link
        place.unlink(missing_ok=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)
    for name in ("proc", "sys", "dev", "run", "tmp", "var/tmp", "root", "mnt"):
        (tree / name).mkdir(parents=True, exist_ok=True)


def _compile_python(tree: Path) -> None:
    """Byte code now, on fast hardware; in the guest the standard library would be compiled anew in every boot.

    That of another version than ours it will have to.
    """
    ours = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for library in sorted(tree.glob(f"usr/lib/{ours}")):
        # Unchecked: the file times of the image are not those of this tree.
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "compileall",
                "-q",
                "-j1",
                "--invalidation-mode",
                "unchecked-hash",
                "-s",
                str(tree),
                "-p",
                "/",
                str(library),
            ],
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )
        if done.returncode:
            raise VmSetupError(
                f"byte-compiling {library.name}: {done.stdout.decode(errors='replace')[-500:]}"
            )


def _make_erofs(tree: Path, target: Path) -> None:
    tools.output_of(
        [
            "mkfs.erofs",
            "--quiet",
            "-zlz4",
            f"-T{_TIMESTAMP}",
            f"-U{_UUID}",
            "--all-root",
            str(target),
            str(tree),
        ],
        timeout_s=600,
    )
    shutil.rmtree(tree)
