"""Head comments, and the cells that follow from them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.cases import Cell, HeadError, Selection, discover, parse_head
from harness.presence import feature_name

WORKLOADS = Path(__file__).parent.parent / "workloads"

GOOD = """// A pipe keeps its bytes, all of them.
// rows: P1 F2
// attr: loops slow=30 needs=avx512
#include "zdtm.h"
// rows: X9
"""


def head(text: str, place: str = "pipes/data.c"):  # type: ignore[no-untyped-def]
    return parse_head(Path("workloads") / place, text)


def test_everything_is_read() -> None:
    workload = head(GOOD)
    assert (workload.group, workload.name) == ("pipes", "data")
    assert workload.promise == "A pipe keeps its bytes, all of them."
    assert workload.rows == ("P1", "F2")
    assert workload.loops and workload.needs == {"avx512"}
    assert workload.deadline_s == 90


@pytest.mark.parametrize(
    "text",
    [
        "",
        "int main(void) {}",
        "// No full stop\n// rows: P1\n",
        "// No rows.\n",
        "// Bad rows.\n// rows: pipes\n",
        "// A refused one outside of its folder.\n// rows: F4\n// refused: kind=epoll\n",
    ],
)
def test_a_bad_head_is_an_error(text: str) -> None:
    with pytest.raises(HeadError):
        head(text)


def test_a_refused_program_must_name_its_kind() -> None:
    with pytest.raises(HeadError):
        head("// Nothing said.\n// rows: F4\n", "refused/epoll.c")
    workload = head(
        "// All said.\n// rows: F4\n// refused: kind=epoll\n", "refused/epoll.c"
    )
    assert workload.refused_kinds == ("epoll",)
    assert workload.scenarios() == ("native", "refused")
    workload = head(
        "// Two.\n// rows: F4 F5\n// refused: kind=epoll kind=eventfd\n",
        "refused/two.c",
    )
    assert workload.refused_kinds == ("epoll", "eventfd")


def test_only_loops_wander() -> None:
    assert "wandering" in head(GOOD).scenarios()
    assert "wandering" not in head("// Quiet.\n// rows: P1\n").scenarios()


def test_native_runs_once_whatever_the_engines_are() -> None:
    cells = list(Selection(engines=("cr", "criu")).cells(head(GOOD)))
    native = [cell for cell in cells if cell.scenario == "native"]
    restore = [cell for cell in cells if cell.scenario == "restore"]
    assert [cell.engine for cell in native] == ["none", "none"]  # 64 and 32
    assert len(restore) == 4


def test_mixed_trees_have_word_sizes_of_their_own() -> None:
    workload = head("// Mixed.\n// rows: R1\n", "mixed/chain.c")
    sizes = {cell.word_size for cell in Selection().cells(workload)}
    assert sizes == {"mixed64", "mixed32"}
    assert not list(Selection(word_sizes=("64",)).cells(workload))


def test_any_word_size_is_one_of_them_and_another_with_other_seeds() -> None:
    workload = head(GOOD)
    drawn = [
        {
            cell.word_size
            for cell in Selection(word_sizes=("any",), seed=seed).cells(workload)
        }
        for seed in range(20)
    ]
    assert all(len(sizes) == 1 for sizes in drawn)
    assert set.union(*drawn) == {"64", "32"}


def test_the_grid_carries_from_each_kernel_to_each_other_one() -> None:
    machines = ("host", "vm:5.10", "vm:6.1", "vm:6.12")
    chosen = head("// Kept.\n// rows: M1\n// attr: grid\n")
    cells = list(
        Selection(machines=machines, scenarios=("carried",), grid=True).cells(chosen)
    )
    pairs = {(cell.source, cell.machine) for cell in cells}
    assert len(pairs) == 6 and len(cells) == 6 * 2
    assert all("host" not in pair and pair[0] != pair[1] for pair in pairs)
    assert len({cell.id for cell in cells}) == len(cells)
    assert len({cell.departure().id for cell in cells}) == 3 * 2
    assert not list(
        Selection(machines=machines, scenarios=("carried",), grid=True).cells(
            head(GOOD)
        )
    )
    assert all(not x.source for x in Selection(machines=machines).cells(chosen))


def test_labels_and_seeds_are_unique() -> None:
    cells = list(
        Selection(engines=("cr", "criu"), machines=("host", "vm:6.12"), repeat=3).cells(
            head(GOOD)
        )
    )
    assert len({cell.id for cell in cells}) == len(cells)
    assert len({cell.seed(7) for cell in cells}) == len(cells)


def test_a_cell_has_the_same_seed_in_any_selection() -> None:
    workload = head(GOOD)
    alone = next(
        Selection(scenarios=("wandering",), word_sizes=("32",)).cells(workload)
    )
    among = [
        cell for cell in Selection(repeat=4).cells(workload) if cell.id == alone.id
    ]
    assert [cell.seed(9) for cell in among] == [alone.seed(9)]
    assert alone.seed(9) != alone.seed(10)


def test_the_root_of_a_mixed_tree_has_the_word_size_it_says() -> None:
    workload = head("// Mixed.\n// rows: R1\n", "mixed/chain.c")
    cell = Cell(workload, "restore", "cr", "host", "mixed32", 0)
    assert cell.program(Path("b")) == Path("b/zdtm/m32/chain")


def test_every_workload_of_the_tree_has_a_good_head() -> None:
    found = discover(WORKLOADS)
    assert len(found) >= 53
    names = [workload.name for workload in found]
    assert len(set(names)) == len(names)


def balanced(text: str, start: int) -> str:
    """What stands between the bracket before `start` and the one that closes it."""
    depth, end = 1, start
    while depth:
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        end += 1
    return text[start : end - 1]


def features_in(code: str) -> set[str]:
    """The last string of each NEEDS() and zdtm_skip()."""
    calls = [m.end() for m in re.finditer(r"\b(?:NEEDS|zdtm_skip)\(", code)]
    return {re.findall(r'"([^"]*)"', balanced(code, start))[-1] for start in calls}


def test_every_head_needs_exactly_what_its_program_may_miss() -> None:
    for workload in discover(WORKLOADS):
        features = features_in(workload.source.read_text())
        assert workload.needs == {feature_name(x) for x in features}, workload.key


def test_the_table_of_refused_programs_is_complete() -> None:
    lines = (WORKLOADS / "refused" / "README.md").read_text().splitlines()
    table = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("| `")
    ]
    told = {
        (tuple(kinds.replace("`", "").split()), name)
        for kinds, _, names in table
        for name in names.split(", ")
    }
    refused = [x for x in discover(WORKLOADS) if x.group == "refused"]
    assert told == {(x.refused_kinds, x.name) for x in refused}
    for kinds, rows, _ in table:
        words = tuple(kinds.replace("`", "").split())
        mine = {row for x in refused if x.refused_kinds == words for row in x.rows}
        assert set(rows.split()) == mine, kinds
