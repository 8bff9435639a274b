"""A run dealt out to several machines: which part is ours, and what the parts must have in common to be put together.

Every part sees the whole list of tests, so that who merges them can tell whether something is missing.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


class ShardError(Exception):
    """Which part is wanted cannot be told; the message says what to do."""


@dataclass(frozen=True)
class Shard:
    """Part `number`, from 1, `of` so many."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def own(self, ids: Iterable[str]) -> set[str]:
        """Each test belongs to one part, and parts differ in number by one at most.

        Dealt out in the order of their hashes: neighbours in the alphabet differ in regular ways, for instance machine by
        machine, and one part would get all that take long.
        """
        shuffled = sorted(ids, key=lambda each: (_hash(each), each))
        return set(shuffled[self.number - 1 :: self.of])


def parse(text: str) -> Shard:
    found = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", text)
    if not found or int(found[1]) > int(found[2]):
        raise ShardError(
            f"{text!r} is no part of a run; wanted are I/N with I from 1 to N, or auto"
        )
    return Shard(int(found[1]), int(found[2]))


@dataclass(frozen=True)
class _Scheduler:
    """Names of variables, and the number of the first job."""

    name: str
    number: str
    of: str
    first: int


# Kubernetes tells an indexed job no total (Job API, `.spec.completionMode`): CR_SHARDS in the pod's template has to say it.
_SCHEDULERS = (
    _Scheduler("GitLab CI", "CI_NODE_INDEX", "CI_NODE_TOTAL", 1),
    _Scheduler("CircleCI", "CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0),
    _Scheduler(
        "Buildkite", "BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0
    ),
    _Scheduler(
        "Azure Pipelines", "SYSTEM_JOBPOSITIONINPHASE", "SYSTEM_TOTALJOBSINPHASE", 1
    ),
    _Scheduler("Kubernetes", "JOB_COMPLETION_INDEX", "CR_SHARDS", 0),
)


def of_environment(environment: Mapping[str, str] = os.environ) -> Shard:
    """What the scheduler that started us says. ShardError if none does, or two say different things."""
    found: dict[str, Shard] = {}
    if "SLURM_ARRAY_TASK_ID" in environment:
        found["Slurm"] = _of_slurm(environment)
    for scheduler in _SCHEDULERS:
        if scheduler.number in environment:
            number = _number(environment, scheduler.number) - scheduler.first + 1
            total = _number(environment, scheduler.of)
            found[scheduler.name] = parse(f"{number}/{total}")
    if not found:
        known = ", ".join(["Slurm", *(each.name for each in _SCHEDULERS)])
        raise ShardError(
            f"no variable of {known} says which part this is; give it as I/N"
        )
    if len(set(found.values())) > 1:
        told = ", ".join(f"{name} says {shard}" for name, shard in found.items())
        raise ShardError(f"which part is this? {told}; give it as I/N")
    return next(iter(found.values()))


def _of_slurm(environment: Mapping[str, str]) -> Shard:
    """An array may begin anywhere and leave numbers out: `--array=10-40:10` has four tasks (sbatch(1))."""
    task, first, last, count = (
        _number(environment, f"SLURM_ARRAY_TASK_{name}")
        for name in ("ID", "MIN", "MAX", "COUNT")
    )
    step = (last - first) // (count - 1) if count > 1 else 1
    if count > 1 and first + step * (count - 1) != last:
        raise ShardError(
            "the numbers of the Slurm array have no common distance; give the part as I/N"
        )
    return parse(f"{(task - first) // max(1, step) + 1}/{count}")


def _number(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name, "")
    if not re.fullmatch(r"\d{1,9}", text):
        raise ShardError(
            f"the environment has {name}={text!r}, which should be a number"
        )
    return int(text)


def plan_digest(ids: Iterable[str]) -> str:
    """Equal for equal lists of tests, in whatever order they were found."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
