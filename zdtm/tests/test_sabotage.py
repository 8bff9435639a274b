"""The tests are tested: an engine with a planted defect must not pass, and an honest one must."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Run

from harness.cells import ERROR, FAIL, PASS, SKIP
from harness.presence import is_present

# Engine, program, what the reason must speak of.
KEEP_RUNNING = [
    ("WritesNothing", "position", "there is no image"),
    ("FailsAndKills", "position", "THE PROGRAM WAS HARMED"),
    ("KillsButSaysSuccess", "position", "the tree is gone"),
    ("KillsAChild", "two_files", "differences"),
    ("MovesPosition", "two_files", "pos: '4' -> '5'"),
    ("LosesSignal", "two_files", "ShdPnd|SigPnd"),
    ("AddsSignal", "two_files", "ShdPnd|SigPnd"),
    ("ChangesLimit", "two_files", "limits Max open files"),
    ("ChangesLimit", "counting", "limits Max open files"),
    ("ChangesLimitOfLast", "leader_thread_ended", "limits Max open files"),
    ("ChangesNice", "two_files", "nice"),
    ("ChangesNice", "counting", "nice"),
    ("ChangesAffinity", "two_files", "Cpus_allowed"),
    ("StopsTree", "two_files", "state: 'S"),
    ("StaysTracer", "two_files", "TracerPid"),
    ("LeavesDaemon", "counting", "left behind: process"),
    ("LeavesPartial", "two_files", "litter beside the image"),
    ("LeavesTemporary", "two_files", "litter in TMPDIR"),
    ("LeavesMount", "counting", "left behind: mounts"),
    ("LeavesSharedMemory", "counting", "left behind: shared memory"),
    ("ChangesFiles", "two_files", "files changed while it was dumped"),
    ("VerifyComplains", "two_files", "verify finds a fresh image bad"),
    ("CheckComplains", "two_files", "check finds blockers"),
]


@pytest.mark.parametrize("engine, program, reason", KEEP_RUNNING)
def test_keep_running_catches(run: Run, engine: str, program: str, reason: str) -> None:
    result = run(
        program,
        "keep-running",
        f"sabotage:{engine}",
        loops=program == "counting",
        deadline_s=20,
    )
    assert result.verdict == FAIL, result
    assert any(word in result.reason for word in reason.split("|")), result.reason


RESTORE = [
    ("StartsAnew", "position", "differences"),
    ("StartsAnew", "counting", "differences"),
    ("RestoresOnCopies", "position", " ino: '"),
    ("RestoresNothing", "position", "the tree is gone"),
    ("RestoreFailsAndLeaves", "position", "AND LEFT TASKS BEHIND"),
    ("DoesNotEnd", "position", "was to end"),
    ("EndsHalf", "two_files", "was to end"),
]


@pytest.mark.parametrize("engine, program, reason", RESTORE)
@pytest.mark.parametrize("scenario", ["restore", "again", "streamed", "wandering"])
def test_restore_catches(
    run: Run, engine: str, program: str, reason: str, scenario: str
) -> None:
    result = run(program, scenario, f"sabotage:{engine}", loops=program == "counting")
    assert result.verdict == FAIL, result
    assert reason in result.reason, result.reason


def test_a_fork_of_the_engine_is_not_the_restored_root(run: Run) -> None:
    result = run(
        "position",
        "restore",
        "sabotage:ForksInAPipeline",
        engine_program="/usr/bin/python3",
    )
    assert result.verdict == FAIL, result
    assert "restore in the foreground: waited" in result.reason


@pytest.mark.parametrize("kind", ["shm", "sem", "msg"])
def test_system_v_objects_are_left_behind(run: Run, kind: str) -> None:
    engine = "sabotage:LeavesSystemV"
    options = {"kind": kind}
    result = run("counting", "keep-running", engine, loops=True, engine_options=options)
    assert result.verdict == FAIL, result
    assert f"left behind: System V {kind}" in result.reason


def test_a_failed_dump_without_harm_is_told_apart(run: Run) -> None:
    result = run("position", "restore", "sabotage:Fails")
    assert result.verdict == FAIL
    assert "the program went on and passed" in result.reason


def test_an_honest_engine_gets_through_the_part_it_offers(run: Run) -> None:
    # No restore: so far, and no further, the honest control is not blamed for anything.
    result = run("two_files", "keep-running", "sabotage:DoesNothing")
    assert result.verdict == SKIP, result
    assert "the same after the dump" in result.log
    assert "passed its own check" in result.log


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"check_code": 0}, "check ends with 0"),
    ({"dump_code": 1}, "dump that leaves it running ends with 1"),
    ({"change": {"kind": "other"}}, "does not name the kind"),
    ({"drop": ["kind"]}, "does not name the kind"),
    ({"drop": ["pid"]}, "does not say in which pid"),
    ({"change": {"pid": 1}}, "does not say in which pid"),
    ({"drop": ["where"]}, "does not say where"),
    ({"change": {"reason": ""}}, "does not say reason"),
    ({"writes": True}, "litter beside the image"),
    ({"kills": "and leaves"}, "gone after the refused dump that leaves it running"),
    ({"kills": "and ends"}, "gone after the refused dump:"),
]


@pytest.mark.parametrize("planted, reason", REFUSED)
def test_refused_catches(run: Run, planted: dict[str, Any], reason: str) -> None:
    result = run(
        "position",
        "refused",
        "sabotage:Refuses",
        engine_options=planted,
        refused_kinds=["planted"],
    )
    assert result.verdict == FAIL, result
    assert reason in result.reason, result.reason


SEVERAL: list[tuple[list[str], str]] = [
    (["planted"], "does not name the kind second"),
    (["planted", "second", "third"], "names what is not there: ['third']"),
    (["planted", "second"], ""),
]


@pytest.mark.parametrize("named, reason", SEVERAL)
def test_several_kinds_are_all_that_is_named(
    run: Run, named: list[str], reason: str
) -> None:
    result = run(
        "position",
        "refused",
        "sabotage:Refuses",
        engine_options={"kinds": named},
        refused_kinds=["planted", "second"],
    )
    assert result.verdict == (FAIL if reason else PASS), result
    assert reason in result.reason, result.reason


def test_refused_passes_for_an_honest_refusal(run: Run) -> None:
    result = run("position", "refused", "sabotage:Refuses", refused_kinds=["planted"])
    assert result.verdict == PASS, result


@pytest.mark.parametrize("program", ["position", "two_files", "counting"])
def test_native_passes(run: Run, program: str) -> None:
    assert run(program, "native", loops=program == "counting").verdict == PASS


def test_native_catches_a_wrong_program(run: Run) -> None:
    result = run("half_passing", "native")
    assert result.verdict == FAIL
    assert "exit 3" in result.reason


def test_a_missing_feature_is_a_skip_with_its_name(run: Run) -> None:
    result = run("lacking", "native")
    assert result.verdict == SKIP
    assert result.missing == "a feature of the future"


def test_a_feature_that_the_cpu_has_is_not_taken_for_missing(run: Run) -> None:
    says = ["-c", "echo SKIP: missing avx; exit 77"]
    result = run("/bin/sh", "native", argv=says)
    assert result.verdict == (ERROR if is_present("avx") else SKIP), result


def test_a_skip_without_a_word_is_none(run: Run) -> None:
    result = run("/bin/sh", "native", argv=["-c", "exit 77"])
    assert result.verdict == FAIL, result
    assert "does not say why" in result.reason


def test_an_engine_keeps_what_its_adapter_promises(run: Run) -> None:
    result = run("position", "keep-running", "sabotage:PromisesToRestore")
    assert result.verdict == ERROR, result
    assert "offers no restore, which its adapter promises" in result.reason


def test_a_quiet_program_must_stand_still(run: Run) -> None:
    result = run("restless", "keep-running", "sabotage:DoesNothing")
    assert result.verdict == FAIL, result
    assert "never stands still" in result.reason and "'pos'" in result.reason


def test_a_program_that_never_gets_ready_is_an_error(run: Run) -> None:
    result = run("/bin/sleep", "restore", argv=["60"], deadline_s=1.5)
    assert result.verdict in (ERROR, FAIL)
    assert "READY" in result.reason
