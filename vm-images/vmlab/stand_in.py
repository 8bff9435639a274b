"""Locked packages, or what the distribution has in their place: a mirror drops a build soon after the next one is out.

What was taken instead is remembered in the cache, so that it is decided once, and every later run uses the same files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import archive, cache, mirror
from .errors import VmSetupError
from .packages import Package, write_lock

Resolve = Callable[[mirror.Mirror], list[Package]]


def in_use(locked: Sequence[Package]) -> list[Package]:
    """The packages that this machine uses for those of the lock."""
    note = _note(locked)
    if not note.exists():
        return list(locked)
    return [Package.from_json(row) for row in json.loads(note.read_text())]


def fetched(
    what: str, wish: str, locked: Sequence[Package], resolve_now: Resolve
) -> dict[Package, Path]:
    """The files of the packages. `what` they are for the reader; `vmlab resolve WISH` would renew their lock."""
    bases = mirror.of_this_machine()
    note = _note(locked)
    with cache.locked(note):
        packages = in_use(locked)
        try:
            return archive.fetch(packages, bases)
        except VmSetupError as wrong:
            current = _current(wrong, lambda: resolve_now(bases))
            if not (gone := sorted(set(packages) - set(current))):
                raise VmSetupError(
                    f"{wrong}\nthe mirror's index still has these packages, so trying again later may help"
                ) from wrong
        files = archive.fetch(current, bases)
        write_lock(note, [package.to_json() for package in current])
        instead = sorted(set(current) - set(packages))
        print(_sentence(what, wish, gone, instead), file=sys.stderr)
        return files


def _current(
    wrong: VmSetupError, resolve_now: Callable[[], list[Package]]
) -> list[Package]:
    try:
        return resolve_now()
    except VmSetupError as also:
        raise VmSetupError(
            f"{wrong}\nand nothing can be had in its place: {also}\n"
            "does this machine reach the mirror? CR_DEBIAN_MIRROR names another one"
        ) from also


def _sentence(
    what: str, wish: str, gone: Sequence[Package], instead: Sequence[Package]
) -> str:
    return (
        f"vmlab: {what}: the mirror has dropped {_some(gone)}; using what it has today, {_some(instead)}. "
        f"`python3 -m vmlab resolve {wish}` writes that into the lock file"
    )


def _some(packages: Sequence[Package]) -> str:
    named = ", ".join(f"{each.name} {each.version}" for each in packages[:2])
    return f"{named} and {len(packages) - 2} more" if len(packages) > 2 else named


def _note(locked: Sequence[Package]) -> Path:
    key = cache.key_of(*(package.sha256 for package in locked))
    return cache.root() / "stand-ins" / f"{key}.json"
