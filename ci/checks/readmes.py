"""Every folder that a reader may open first has a README.md of at most a few screens."""

import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from checks.tree import TOP, Finding, files, report

# The engine's layers and the parts of the matrix each have their own; elsewhere the top folder's README covers what is below.
_OWN_README_BELOW = {"cr", "zdtm"}
_WITHOUT = {".ci", ".clusterfuzzlite", "cr/docs", "zdtm/tests"}
_LONGEST = 250


def folders_of(names: Iterable[str]) -> set[str]:
    """The folders that a reader opens first."""
    found = set()
    for name in names:
        parts = PurePosixPath(name).parts[:-1]
        if parts:
            found.add(parts[0])
        if len(parts) > 1 and parts[0] in _OWN_README_BELOW:
            found.add(f"{parts[0]}/{parts[1]}")
    return found - _WITHOUT


def findings_in(names: list[str], lengths: dict[str, int]) -> Iterable[Finding]:
    for folder in sorted(folders_of(names)):
        readme = f"{folder}/README.md"
        if readme not in names:
            yield Finding(
                folder,
                0,
                "has no README.md: what lives here, what may use what, how to add one more",
            )
        elif lengths[readme] > _LONGEST:
            yield Finding(
                readme,
                0,
                f"{lengths[readme]} lines; a README is a screen or two, not a book",
            )


def main(top: Path = TOP) -> int:
    names = files(top)
    lengths = {
        name: len((top / name).read_text().splitlines())
        for name in names
        if name.endswith("/README.md")
    }
    return report("readmes", len(folders_of(names)), findings_in(names, lengths))


if __name__ == "__main__":
    sys.exit(main())
