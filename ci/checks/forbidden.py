"""Nothing in the tree names a machine, a mirror, a registry or a secret; ci/checks/forbidden.txt says what exactly."""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from checks.tree import TOP, Finding, files, report

_RULES = "ci/checks/forbidden.txt"
_TESTS = "ci/tests/test_forbidden.py"  # has to show what is found

Rule = tuple[re.Pattern[str], str]


def rules_from(text: str) -> list[Rule]:
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return [
        (re.compile(expression), reason)
        for expression, reason in (line.split("\t", 1) for line in lines)
    ]


def machine_rules(top: Path, home: Path) -> list[Rule]:
    """This very checkout and home. A short path such as /src or /root says nothing about a machine: left alone."""
    return [
        (re.compile(re.escape(str(path)) + r"(?=/|\b)"), "a path of this machine")
        for path in (top, home)
        if len(path.parts) > 2
    ]


def findings_in(path: str, text: str, rules: list[Rule]) -> Iterable[Finding]:
    for number, line in enumerate(text.splitlines(), 1):
        for expression, reason in rules:
            if match := expression.search(line):
                yield Finding(path, number, f'"{match.group(0)}" is {reason}')


def main(top: Path = TOP) -> int:
    rules = rules_from((top / _RULES).read_text()) + machine_rules(top, Path.home())
    names = [name for name in files(top) if name not in (_RULES, _TESTS)]
    found: list[Finding] = []
    for name in names:
        try:
            found += findings_in(name, (top / name).read_text(), rules)
        except UnicodeDecodeError:
            continue  # a seed of a fuzzer or a captured binary: bytes, not words
    return report("forbidden", len(names), found)


if __name__ == "__main__":
    sys.exit(main())
