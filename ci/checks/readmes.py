"""Every folder that a reader may open first has a README.md of at most a few screens."""

import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from checks.tree import TOP, Finding, files, report

# Folders deep in a tree are covered by the README of these levels; .ci holds one file that names its purpose.
_DEPTH = 2
_WITHOUT = {".ci", "ci/checks", "ci/tests", "zdtm/tests", "vm-images/tests"}
_LONGEST = 250


def folders_of(names: Iterable[str]) -> set[str]:
    """All folders down to _DEPTH that hold files, themselves or below."""
    found = set()
    for name in names:
        for parent in PurePosixPath(name).parents:
            if 0 < len(parent.parts) <= _DEPTH:
                found.add(str(parent))
    return found


def findings_in(names: list[str], lengths: dict[str, int]) -> Iterable[Finding]:
    for folder in sorted(folders_of(names)):
        if folder in _WITHOUT or any(
            folder.startswith(f"{other}/") for other in _WITHOUT
        ):
            continue
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
