"""Parts of a run: each test is in one of them, and schedulers' variables are understood or refused."""

from __future__ import annotations

import pytest

from harness.shards import Shard, ShardError, of_environment, parse, plan_digest

IDS = [
    f"{name}[{machine},{size}]"
    for name in ("a", "b", "c", "d", "e")
    for machine in ("host", "vm:6.12")
    for size in ("32", "64")
]


@pytest.mark.parametrize("of", [1, 2, 3, 4, 7, 50])
def test_every_test_is_in_one_part(of: int) -> None:
    parts = [Shard(number, of).own(IDS) for number in range(1, of + 1)]
    assert sorted(each for part in parts for each in part) == sorted(IDS)
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


def test_the_order_they_are_found_in_does_not_matter() -> None:
    assert Shard(2, 3).own(IDS) == Shard(2, 3).own(reversed(IDS))
    assert plan_digest(IDS) == plan_digest(reversed(IDS))
    assert plan_digest(IDS) != plan_digest(IDS[1:])


def test_no_machine_has_a_part_of_its_own() -> None:
    for number in range(1, 5):
        part = Shard(number, 4).own(IDS)
        machines = {each.split("[")[1].split(",")[0] for each in part}
        assert machines == {"host", "vm:6.12"}


@pytest.mark.parametrize("text", ["", "1", "0/4", "5/4", "1/0", "-1/4", "a/b", "1/4 "])
def test_what_is_no_part_is_refused(text: str) -> None:
    with pytest.raises(ShardError, match="no part"):
        parse(text)


def slurm(task: int, first: int, last: int, count: int) -> dict[str, str]:
    names = {"ID": task, "MIN": first, "MAX": last, "COUNT": count}
    return {f"SLURM_ARRAY_TASK_{name}": str(value) for name, value in names.items()}


@pytest.mark.parametrize(
    "environment, shard",
    [
        (slurm(3, 0, 3, 4), "4/4"),
        (slurm(30, 10, 40, 4), "3/4"),
        (slurm(7, 7, 7, 1), "1/1"),
        ({"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "5"}, "1/5"),
        ({"CIRCLE_NODE_INDEX": "0", "CIRCLE_NODE_TOTAL": "5"}, "1/5"),
        ({"BUILDKITE_PARALLEL_JOB": "4", "BUILDKITE_PARALLEL_JOB_COUNT": "5"}, "5/5"),
        ({"SYSTEM_JOBPOSITIONINPHASE": "2", "SYSTEM_TOTALJOBSINPHASE": "2"}, "2/2"),
        ({"JOB_COMPLETION_INDEX": "0", "CR_SHARDS": "3"}, "1/3"),
        (
            {
                "CI_NODE_INDEX": "1",
                "CI_NODE_TOTAL": "5",
                "JOB_COMPLETION_INDEX": "0",
                "CR_SHARDS": "5",
            },
            "1/5",
        ),
    ],
)
def test_schedulers_are_understood(environment: dict[str, str], shard: str) -> None:
    assert str(of_environment(environment)) == shard


@pytest.mark.parametrize(
    "environment, reason",
    [
        ({}, "no variable"),
        (slurm(5, 1, 9, 4), "no common distance"),
        ({"SLURM_ARRAY_TASK_ID": "1"}, "SLURM_ARRAY_TASK_MIN"),
        ({"JOB_COMPLETION_INDEX": "0"}, "CR_SHARDS"),
        ({"CI_NODE_INDEX": "x", "CI_NODE_TOTAL": "5"}, "CI_NODE_INDEX"),
        ({"CI_NODE_INDEX": "6", "CI_NODE_TOTAL": "5"}, "6/5"),
        (
            {
                "CI_NODE_INDEX": "2",
                "CI_NODE_TOTAL": "5",
                "JOB_COMPLETION_INDEX": "0",
                "CR_SHARDS": "5",
            },
            "GitLab CI says 2/5, Kubernetes says 1/5",
        ),
    ],
)
def test_what_they_leave_open_is_refused(
    environment: dict[str, str], reason: str
) -> None:
    with pytest.raises(ShardError, match=reason):
        of_environment(environment)
