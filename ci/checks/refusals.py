"""Each kind that the engine can refuse has a program, or a line that says why there is none; and none of them is invented."""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from checks.tree import TOP, Finding, files, report

README = "zdtm/workloads/refused/README.md"
_LISTED_BELOW = "## Known, and without a program"
# Where blockers are made. Layers above these only hand them on.
_LAYERS = ("cr/kinds/", "cr/trace/", "cr/engine/")

_WORD = r'"([a-z][a-z0-9_-]*)"'
_TEXT = r'"(?:[^"\\]|\\.)*"'
# A call, or an object that is made, whose first text is the kind; texts that follow belong to it and are no kinds.
_MAKES = r"(?:\brefuse\(|\bFileRefusal\{|\bblockers_?\.push_back\(\s*\{|\bunsupported\(\s*\{\{)"
_SAID = re.compile(rf'{_MAKES}(?:(?!\bkind\b)[^"{{}};])*{_WORD}(?:\s*,\s*{_TEXT})*')
# A row of a table, or a call that asks a task for one thing: the kind, and after it the words of the reason.
_IN_TABLE = re.compile(rf'{_WORD}\s*,\s*"[^"]* [^"]*"')
_EITHER = re.compile(f"{_SAID.pattern}|{_IN_TABLE.pattern}")
_REFUSAL = re.compile(rf"{_MAKES}[^;]*")


def kinds_of(text: str) -> Iterator[tuple[int, str]]:
    """Line and word of each kind that this source can refuse."""
    for found in _EITHER.finditer(text):
        group = 1 if found.group(1) else 2
        yield text.count("\n", 0, found.start(group)) + 1, found.group(group)


def unreadable(text: str) -> Iterator[int]:
    """Lines of refusals whose kind is neither a text nor handed on: what they say this check could not know."""
    for made in _REFUSAL.finditer(text):
        handed_on = re.search(r"\bkind\b", re.sub(_TEXT, "", made.group()))
        if not _SAID.match(made.group()) and not handed_on:
            yield text.count("\n", 0, made.start()) + 1


def told_in(readme: str) -> Iterator[tuple[int, list[str]]]:
    """Line and words of each row of the table, and of each entry of the list up to its colon."""
    listed = False
    for number, line in enumerate(readme.splitlines(), 1):
        listed = listed or line == _LISTED_BELOW
        head = (
            line.split("|")[1]
            if line.startswith("| `")
            else line.split(":")[0]
            if listed and line.startswith("* ")
            else ""
        )
        if words := re.findall(r"`([^`]+)`", head):
            yield number, words


def findings_in(sources: dict[str, str], readme: str) -> Iterable[Finding]:
    told: dict[str, int] = {}
    together: dict[str, int] = {}
    for line, words in told_in(readme):
        in_table = readme.splitlines()[line - 1].startswith("|")
        if in_table and len(words) > 1:
            # A program that has several at once; each has one of its own, too.
            together.update({word: line for word in words})
            continue
        for word in words:
            if word in told:
                yield Finding(README, line, f"`{word}` is there twice")
            told[word] = line
    for word, line in together.items():
        if word not in told:
            yield Finding(README, line, f"`{word}` is nowhere alone")
    known: set[str] = set()
    for path, text in sorted(sources.items()):
        for line in unreadable(text):
            yield Finding(path, line, "a refusal whose kind is no text here")
        for line, word in kinds_of(text):
            if word not in told and word not in known:
                yield Finding(
                    path,
                    line,
                    f"`{word}` has no program in {README}, nor a line that says why",
                )
            known.add(word)
    for word, line in told.items():
        if word not in known:
            yield Finding(README, line, f"the engine never refuses with `{word}`")


def main(top: Path = TOP) -> int:
    sources = {
        name: (top / name).read_text()
        for name in files(top, suffixes=(".cc", ".h"))
        if name.startswith(_LAYERS) and "_test" not in name
    }
    found = list(findings_in(sources, (top / README).read_text()))
    return report("refusals", len(sources), found)


if __name__ == "__main__":
    sys.exit(main())
