"""Puts the parts of a run together: `python3 -m harness.merging PART... --out DIR`, each PART a `--report` folder of `--shard I/N`.

In whatever order they are given the result is the same. Ends with 0 if all is green, with 1 if something is red, and with 2 if
they do not make a whole run: then nothing is written, since a report with a gap would look like a good one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from harness.cells import ERROR, FAIL
from harness.report import (
    RESULTS,
    Finished,
    from_json_lines,
    text_summary,
    too_few,
    write_reports,
)
from harness.shards import plan_digest

ACCOUNT = "shard.json"
WORKLOADS = Path(__file__).resolve().parents[1] / "workloads"


class NotWhole(Exception):
    """The parts do not make one run."""


@dataclass
class Account:
    """What a part knows of the whole run, and of itself."""

    shard: int
    of: int
    seed: int
    machines: list[str]
    min_cells: int
    tests: int  # of the whole run
    plan: str  # digest of all their names
    own: list[str]  # those that were to run in this part
    cells: list[str]  # of these, the cells
    # All else that is red, in words: other tests, kernels that complained after the last cell.
    red: list[str] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        (folder / ACCOUNT).write_text(json.dumps(asdict(self), indent=1) + "\n")


@dataclass
class Part:
    folder: Path
    account: Account
    finished: list[Finished]


def read_part(folder: Path) -> Part:
    try:
        account = Account(**json.loads((folder / ACCOUNT).read_text()))
        finished = from_json_lines((folder / RESULTS).read_text(), WORKLOADS)
    except (OSError, ValueError, TypeError) as error:
        raise NotWhole(f"{folder} holds no part of a run: {error}") from error
    return Part(folder, account, finished)


def merged(parts: Sequence[Part]) -> list[Finished]:
    """All cells, in the order of their names. NotWhole names what is missing, doubled or foreign."""
    if not parts:
        raise NotWhole("there is no part")
    _expect_one_run(parts)
    _expect_all_parts(parts)
    for part in parts:
        _expect_own_results(part)
    own = [each for part in parts for each in part.account.own]
    whole = parts[0].account
    if len(own) != whole.tests or plan_digest(own) != whole.plan:
        raise NotWhole(
            f"the parts were to run {len(own)} tests, but not the {whole.tests} of the whole run"
        )
    finished = [entry for part in parts for entry in part.finished]
    if reason := too_few(finished, whole.machines, whole.min_cells):
        raise NotWhole(reason)
    return sorted(finished, key=lambda entry: entry.result.id)


def _expect_one_run(parts: Sequence[Part]) -> None:
    first = parts[0]
    for part in parts[1:]:
        for name in ("of", "seed", "machines", "min_cells", "tests", "plan"):
            one, other = getattr(first.account, name), getattr(part.account, name)
            if one != other:
                raise NotWhole(
                    f"{first.folder} and {part.folder} are parts of different runs: {name} {one} and {other}"
                )


def _expect_all_parts(parts: Sequence[Part]) -> None:
    of = parts[0].account.of
    numbers = Counter(part.account.shard for part in parts)
    if doubled := sorted(number for number, count in numbers.items() if count > 1):
        where = [str(part.folder) for part in parts if part.account.shard == doubled[0]]
        raise NotWhole(
            f"part {doubled[0]}/{of} is there {len(where)} times: {', '.join(where)}"
        )
    if missing := [number for number in range(1, of + 1) if number not in numbers]:
        raise NotWhole(f"missing of {of} parts: {', '.join(map(str, missing))}")


def _expect_own_results(part: Part) -> None:
    found = Counter(entry.result.id for entry in part.finished)
    wanted = set(part.account.cells)
    who = f"part {part.account.shard}/{part.account.of} ({part.folder})"
    if doubled := sorted(name for name, count in found.items() if count > 1):
        raise NotWhole(f"{who} has more than one result of {_some(doubled)}")
    if missing := sorted(wanted - found.keys()):
        raise NotWhole(
            f"{who} has no result of {_some(missing)}; it did not come to its end"
        )
    if foreign := sorted(found.keys() - wanted):
        raise NotWhole(
            f"{who} has results of cells that are not its own: {_some(foreign)}"
        )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


def _red(parts: Iterable[Part]) -> list[str]:
    told = [
        f"part {part.account.shard}: {line}"
        for part in parts
        for line in part.account.red
    ]
    return sorted(told)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="ci/matrix merge", description="Put the parts of a run together."
    )
    parser.add_argument(
        "parts",
        nargs="+",
        type=Path,
        metavar="PART",
        help="what `ci/matrix --shard I/N --out PART` left",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("build/report"),
        metavar="DIR",
        help="default: build/report",
    )
    args = parser.parse_args(argv)
    try:
        parts = [read_part(folder) for folder in args.parts]
        finished = merged(parts)
    except NotWhole as gap:
        print(f"ci/matrix merge: {gap}", file=sys.stderr)
        return 2
    write_reports(args.out, finished, parts[0].account.seed)
    print(text_summary(finished))
    red = _red(parts)
    for line in red:
        print(f"FAILED: {line}")
    print(f"report: {args.out / 'index.html'}")
    return 1 if red or any(x.result.verdict in (FAIL, ERROR) for x in finished) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
