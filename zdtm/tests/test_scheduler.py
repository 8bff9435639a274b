"""Lost machines are tried once more, every order gets an answer, complaints of a kernel count."""

from __future__ import annotations

from pathlib import Path

from harness.cells import ERROR, PASS, CellResult, CellSpec, EngineSpec
from harness.machines import Machine, MachineLost, MachineUnusable, Slot
from harness.scheduler import Scheduler


def spec(name: str) -> CellSpec:
    return CellSpec(
        name, "/bin/true", [], "native", EngineSpec("none", "", ""), "/tmp", 1, 5.0
    )


class FakeSlot(Slot):
    def __init__(self, machine: FakeMachine) -> None:
        self.machine = machine

    def run(self, spec: CellSpec) -> CellResult:
        self.machine.runs.append(spec.id)
        if (
            spec.id in self.machine.loses
            and self.machine.runs.count(spec.id) <= self.machine.loses[spec.id]
        ):
            raise MachineLost("power cut")
        if spec.id == "bug":
            raise RuntimeError("a bug of the harness")
        return CellResult(spec.id, PASS)

    def problems(self) -> list[str]:
        return (
            ["BUG: scheduling while atomic"] if self.machine.runs[-1] == "oops" else []
        )

    def close(self) -> None:
        self.machine.closed += 1


class FakeMachine(Machine):
    def __init__(
        self, loses: dict[str, int] | None = None, broken: bool = False
    ) -> None:
        self.name = "fake"
        self.loses = loses or {}
        self.broken = broken
        self.runs: list[str] = []
        self.opened = self.closed = 0

    def open_slot(self) -> Slot:
        if self.broken:
            raise MachineUnusable("no kernel")
        self.opened += 1
        return FakeSlot(self)

    def place(self, path: Path) -> str:
        return str(path)

    def engine_program(self, engine: str) -> str:
        return engine

    @property
    def scratch(self) -> str:
        return "/tmp"


def run(machine: FakeMachine, *names: str, jobs: int = 1) -> list[CellResult]:
    scheduler = Scheduler({"fake": machine}, jobs)
    futures = [scheduler.submit(spec(name), "fake") for name in names]
    scheduler.start()
    results = [future.result(timeout=10) for future in futures]
    scheduler.stop()
    return results


def test_every_order_is_answered_in_turn() -> None:
    machine = FakeMachine()
    assert [result.verdict for result in run(machine, "a", "b", "c")] == [PASS] * 3
    assert machine.runs == ["a", "b", "c"]
    assert machine.opened == machine.closed == 1


def test_a_lost_machine_is_replaced_and_the_cell_run_again() -> None:
    machine = FakeMachine(loses={"b": 1})
    results = run(machine, "a", "b", "c")
    assert [result.verdict for result in results] == [PASS] * 3
    assert "power cut" in results[1].notes[0]
    assert machine.opened == machine.closed == 2


def test_lost_twice_is_an_error_and_the_rest_still_runs() -> None:
    results = run(FakeMachine(loses={"b": 2}), "a", "b", "c")
    assert [result.verdict for result in results] == [PASS, ERROR, PASS]
    assert results[1].reason.count("power cut") == 2


def test_a_machine_that_cannot_be_had_is_an_error_for_all() -> None:
    results = run(FakeMachine(broken=True), "a", "b")
    assert [result.verdict for result in results] == [ERROR] * 2
    assert "no kernel" in results[1].reason


def test_a_bug_of_the_harness_is_an_error_and_no_hang() -> None:
    results = run(FakeMachine(), "bug", "c")
    assert [result.verdict for result in results] == [ERROR, PASS]
    assert "RuntimeError" in results[0].reason


def test_a_kernel_that_complains_makes_an_error_of_a_pass() -> None:
    result = run(FakeMachine(), "oops")[0]
    assert result.verdict == ERROR
    assert "scheduling while atomic" in result.reason


def test_two_slots_share_the_orders() -> None:
    machine = FakeMachine()
    results = run(machine, *"abcdefgh", jobs=2)
    assert [result.id for result in results] == list("abcdefgh")
    assert sorted(machine.runs) == list("abcdefgh")
