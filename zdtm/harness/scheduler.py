"""Runs cells in the background, several machines and several slots at a time."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field

from harness.cells import ERROR, CellResult, CellSpec
from harness.machines import Machine, MachineLost, MachineUnusable, Slot


@dataclass
class Order:
    spec: CellSpec
    machine: str
    future: Future[CellResult] = field(default_factory=Future)


class Scheduler:
    """Orders of one machine are taken in turn by its slots; one lost for no reason of its own costs one retry."""

    def __init__(self, machines: dict[str, Machine], jobs: int) -> None:
        self._machines = machines
        self._jobs = jobs
        self._queues: dict[str, deque[Order]] = {name: deque() for name in machines}
        self._lock = threading.Lock()
        self._stopping = False
        self._threads: list[threading.Thread] = []
        # Of kernels after their last cell, which has its answer by then. Complete after stop().
        self.late_problems: list[str] = []

    def submit(self, spec: CellSpec, machine: str) -> Future[CellResult]:
        """Requires: not started yet."""
        order = Order(spec, machine)
        self._queues[machine].append(order)
        return order.future

    def start(self) -> None:
        for name, queue in self._queues.items():
            for number in range(min(self._jobs, len(queue))):
                thread = threading.Thread(
                    target=self._serve,
                    args=(name,),
                    name=f"{name} slot {number}",
                    daemon=True,
                )
                self._threads.append(thread)
                thread.start()

    def stop(self) -> None:
        """Lets the cells that run come to their end; the rest is not run."""
        self._stopping = True
        for thread in self._threads:
            thread.join(timeout=120)

    def _next(self, name: str) -> Order | None:
        with self._lock:
            queue = self._queues[name]
            return queue.popleft() if queue and not self._stopping else None

    def _serve(self, name: str) -> None:
        slot: Slot | None = None
        try:
            while order := self._next(name):
                slot = self._run(order, slot)
        finally:
            if slot is not None:
                late = [f"{name}: {problem}" for problem in slot.problems()]
                self.late_problems += late
                slot.close()

    def _run(self, order: Order, slot: Slot | None) -> Slot | None:
        """The slot to go on with; None after a loss."""
        reasons: list[str] = []
        for _ in range(2):
            try:
                if slot is None:
                    slot = self._machines[order.machine].open_slot()
                result = slot.run(order.spec)
                self._watch_kernel(order, slot, result)
            except MachineLost as lost:
                reasons.append(str(lost))
                _close_quietly(slot)
                slot = None
                if lost.trouble:
                    reasons.append("its kernel was in trouble, so no second try")
                    break
                continue
            except MachineUnusable as error:
                reasons.append(str(error))
                break
            except (
                BaseException
            ) as error:  # noqa: B902 - a slot must never end without an answer
                reasons.append(f"{type(error).__name__}: {error}")
                _close_quietly(slot)
                slot = None
                break
            result.lost = reasons
            order.future.set_result(result)
            return slot
        what = f"machine {order.machine}: " + "; then: ".join(reasons)
        order.future.set_result(CellResult(order.spec.id, ERROR, what))
        return slot

    def _watch_kernel(self, order: Order, slot: Slot, result: CellResult) -> None:
        """A kernel that complains during a cell makes the cell an error, even if the program passed."""
        if problems := slot.problems():
            result.verdict = ERROR
            result.reason = f"the kernel complained: {problems[0]}; {result.reason}"
            result.log += "\n--- kernel:\n" + "\n".join(problems)


def _close_quietly(slot: Slot | None) -> None:
    if slot is not None:
        try:
            slot.close()
        except Exception:  # noqa: B902 - it is lost already
            pass
