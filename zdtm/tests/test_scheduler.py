"""Lost machines are tried once more, every order gets an answer, complaints of a kernel count."""

from __future__ import annotations

from pathlib import Path

from harness.cells import ERROR, FAIL, PASS, CellResult, CellSpec, EngineSpec
from harness.machines import Machine, MachineLost, MachineUnusable, Slot
from harness.scheduler import Scheduler


def spec(name: str) -> CellSpec:
    return CellSpec(
        name, "/bin/true", [], "native", EngineSpec("none", "", ""), "/tmp", 1, 5.0
    )


class FakeSlot(Slot):
    def __init__(self, machine: FakeMachine) -> None:
        self.machine = machine
        self.asked = 0  # how often for problems

    def run(self, spec: CellSpec) -> CellResult:
        self.machine.runs.append(spec.id)
        if (
            spec.id in self.machine.loses
            and self.machine.runs.count(spec.id) <= self.machine.loses[spec.id]
        ):
            raise MachineLost("power cut", self.machine.trouble)
        if spec.id == "bug":
            raise RuntimeError("a bug of the harness")
        if spec.id in self.machine.fails:
            return CellResult(spec.id, FAIL, "it fell apart")
        took = str(spec.options.get("luggage", ""))
        return CellResult(spec.id, PASS, took, luggage=f"of {spec.id}")

    def problems(self) -> list[str]:
        self.asked += 1
        return self.machine.complaints.get(self.asked, [])

    def shell(self, folder: str) -> None:
        raise AssertionError("nobody is at a terminal")

    def close(self) -> None:
        self.machine.closed += 1


class FakeMachine(Machine):
    def __init__(
        self,
        loses: dict[str, int] | None = None,
        broken: bool = False,
        trouble: list[str] | None = None,
        complaints: dict[int, list[str]] | None = None,
        fails: set[str] | None = None,
    ) -> None:
        self.name = "fake"
        self.fails = fails or set()
        self.loses = loses or {}
        self.broken = broken
        self.trouble = trouble or []  # of its kernel when it gets lost
        self.complaints = complaints or {}  # of its kernel when asked the nth time
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
    return run_to_the_end(machine, *names, jobs=jobs)[0]


def run_to_the_end(
    machine: FakeMachine, *names: str, jobs: int = 1
) -> tuple[list[CellResult], list[str]]:
    scheduler = Scheduler({"fake": machine}, jobs)
    futures = [scheduler.submit(spec(name), "fake") for name in names]
    scheduler.start()
    results = [future.result(timeout=10) for future in futures]
    scheduler.stop()
    return results, scheduler.late_problems


def test_every_order_is_answered_in_turn() -> None:
    machine = FakeMachine()
    assert [result.verdict for result in run(machine, "a", "b", "c")] == [PASS] * 3
    assert machine.runs == ["a", "b", "c"]
    assert machine.opened == machine.closed == 1


def test_a_lost_machine_is_replaced_and_the_cell_run_again() -> None:
    machine = FakeMachine(loses={"b": 1})
    results = run(machine, "a", "b", "c")
    assert [result.verdict for result in results] == [PASS] * 3
    assert [result.lost for result in results] == [[], ["power cut"], []]
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


def test_a_kernel_in_trouble_that_takes_the_machine_down_gets_no_second_try() -> None:
    machine = FakeMachine(loses={"b": 1}, trouble=["Oops: 0000"])
    results = run(machine, "a", "b", "c")
    assert [result.verdict for result in results] == [PASS, ERROR, PASS]
    assert machine.runs == ["a", "b", "c"]
    assert "power cut; then: its kernel was in trouble" in results[1].reason


def test_a_kernel_that_complains_makes_an_error_of_a_pass() -> None:
    machine = FakeMachine(complaints={1: ["BUG: scheduling while atomic"]})
    (result,), late = run_to_the_end(machine, "a")
    assert result.verdict == ERROR and late == []
    assert "scheduling while atomic" in result.reason


def test_a_kernel_that_complains_after_its_last_cell_is_heard() -> None:
    machine = FakeMachine(complaints={2: ["BUG: scheduling while atomic"]})
    (result,), late = run_to_the_end(machine, "a")
    assert result.verdict == PASS
    assert late == ["fake: BUG: scheduling while atomic"]


def test_two_slots_share_the_orders() -> None:
    machine = FakeMachine()
    results = run(machine, *"abcdefgh", jobs=2)
    assert [result.id for result in results] == list("abcdefgh")
    assert sorted(machine.runs) == list("abcdefgh")


def test_machines_of_one_pool_share_the_workers() -> None:
    machines: dict[str, Machine] = {name: FakeMachine() for name in "xyz"}
    open_now = most = 0

    class Counting(FakeSlot):
        def __init__(self, machine: FakeMachine) -> None:
            nonlocal open_now, most
            super().__init__(machine)
            open_now += 1
            most = max(most, open_now)

        def close(self) -> None:
            nonlocal open_now
            open_now -= 1

    for machine in machines.values():
        machine.open_slot = lambda machine=machine: Counting(machine)  # type: ignore
    scheduler = Scheduler(machines, 2)
    futures = [
        scheduler.submit(spec(f"{name}{number}"), name)
        for number in range(20)
        for name in machines
    ]
    scheduler.start()
    assert all(future.result(timeout=10).verdict == PASS for future in futures)
    scheduler.stop()
    assert most <= 2 and open_now == 0


def test_what_is_carried_waits_for_its_luggage() -> None:
    one, other = FakeMachine(fails={"torn"}), FakeMachine()
    scheduler = Scheduler({"one": one, "other": other}, 2)
    arrivals = []
    for name in ("fine", "torn"):
        departure = scheduler.submit(spec(name), "one")
        arrivals.append(scheduler.submit(spec(f"{name} there"), "other", departure))
    scheduler.start()
    fine, torn = (future.result(timeout=10) for future in arrivals)
    scheduler.stop()
    assert (fine.id, fine.verdict, fine.reason) == ("fine there", PASS, "of fine")
    assert (torn.id, torn.verdict) == ("torn there", FAIL)
    assert "torn: it fell apart" in torn.reason
    assert other.runs == ["fine there"]
