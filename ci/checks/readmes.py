"""Every folder that a reader may open first has a README.md of at most a few screens, and READMEs name files that exist."""

import re
import sys
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath

from checks.tree import TOP, Finding, files, report

# The engine's layers and the parts of the matrix each have their own; elsewhere the top folder's README covers what is below.
_OWN_README_BELOW = {"cr", "zdtm"}
# Hidden ones, and one that is a README itself.
_WITHOUT = {".ci", ".clusterfuzzlite", ".github", "cr/docs"}
_LONGEST = 250
_SUFFIXES = "c|cc|h|py|md|toml|txt|proto"


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


def gone_in(path: str, text: str, names: Collection[str]) -> Iterable[Finding]:
    """Of paths from the top; what is said from a folder's own point of view is not known as one."""
    tops = "|".join(sorted({re.escape(x.split("/")[0]) for x in names if "/" in x}))
    named = re.compile(rf"(?<![\w/.-])(?:{tops})/[\w./-]*\.(?:{_SUFFIXES})\b")
    for number, line in enumerate(text.splitlines(), 1):
        for found in named.findall(line):
            if found not in names:
                yield Finding(path, number, f"{found} does not exist")


def main(top: Path = TOP) -> int:
    names = files(top)
    texts = {name: (top / name).read_text() for name in names if name.endswith(".md")}
    lengths = {name: len(text.splitlines()) for name, text in texts.items()}
    found = list(findings_in(names, lengths))
    for name, text in texts.items():
        found += gone_in(name, text, names)
    return report("readmes", len(folders_of(names)), found)


if __name__ == "__main__":
    sys.exit(main())
