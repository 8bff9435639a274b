"""Runs cells in the background, several machines and several slots at a time."""

from __future__ import annotations

import threading
from collections import Counter, deque
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Optional

from harness.cells import ERROR, PASS, CellResult, CellSpec
from harness.machines import Machine, MachineLost, MachineUnusable, Slot


@dataclass
class Order:
    spec: CellSpec
    machine: str
    # The cell in another machine whose luggage this one takes.
    after: Optional[Future[CellResult]] = None
    future: Future[CellResult] = field(default_factory=Future)

    def is_ready(self) -> bool:
        return self.after is None or self.after.done()

    def take_luggage(self) -> Optional[CellResult]:
        """Requires: ready. The verdict already, where nothing came."""
        if self.after is None:
            return None
        departed = self.after.result()
        if departed.verdict != PASS:
            why = f"{departed.id}: {departed.reason}"
            return replace(departed, id=self.spec.id, reason=why, seconds=0.0)
        self.spec.options["luggage"] = departed.luggage
        return None


class Scheduler:
    """Machines of one pool are served by as many workers as there may be cells at a time, each with one machine at a time.

    A machine's orders are taken in turn, as soon as nothing stands in their way; one lost for no reason of its own costs one
    retry.
    """

    def __init__(self, machines: dict[str, Machine], jobs: int) -> None:
        self._machines = machines
        self._jobs = jobs
        self._queues: dict[str, deque[Order]] = {name: deque() for name in machines}
        self._served: Counter[str] = Counter()  # machines, by how many workers
        self._changed = threading.Condition()
        self._stopping = False
        self._threads: list[threading.Thread] = []
        # Of kernels after their last cell, which has its answer by then. Complete after stop().
        self.late_problems: list[str] = []

    def submit(
        self,
        spec: CellSpec,
        machine: str,
        after: Optional[Future[CellResult]] = None,
    ) -> Future[CellResult]:
        """Requires: not started yet. `after`: what another machine is to be through with before."""
        order = Order(spec, machine, after)
        self._queues[machine].append(order)
        if after is not None:
            after.add_done_callback(self._tell)
        return order.future

    def _tell(self, _: Future[CellResult]) -> None:
        with self._changed:
            self._changed.notify_all()

    def start(self) -> None:
        pools: dict[str, list[str]] = {}
        for name, machine in self._machines.items():
            pools.setdefault(machine.pool, []).append(name)
        for pool, names in pools.items():
            orders = sum(len(self._queues[name]) for name in names)
            for number in range(min(self._jobs, orders)):
                thread = threading.Thread(
                    target=self._serve,
                    args=(names,),
                    name=f"{pool} {number}",
                    daemon=True,
                )
                self._threads.append(thread)
                thread.start()

    def stop(self) -> None:
        """Lets the cells that run come to their end; the rest is not run."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=120)

    def _next(self, names: list[str], current: str) -> Order | None:
        """Of the same machine as long as there is anything to do: another one must come up first."""
        with self._changed:
            while not self._stopping and any(self._queues[name] for name in names):
                ready = {name: self._ready(name) for name in names}
                name = current
                if not ready.get(current):
                    name = max(names, key=lambda n: ready[n] / (1 + self._served[n]))
                if ready[name]:
                    order = next(x for x in self._queues[name] if x.is_ready())
                    self._queues[name].remove(order)
                    return order
                self._changed.wait()
        return None

    def _ready(self, name: str) -> int:
        return sum(order.is_ready() for order in self._queues[name])

    def _serve(self, names: list[str]) -> None:
        slot: Slot | None = None
        current = ""
        try:
            while order := self._next(names, current):
                if order.machine != current:
                    self._leave(current, slot)
                    slot, current = None, order.machine
                    with self._changed:
                        self._served[current] += 1
                if verdict := order.take_luggage():
                    order.future.set_result(verdict)
                else:
                    slot = self._run(order, slot)
        finally:
            self._leave(current, slot)

    def _leave(self, name: str, slot: Slot | None) -> None:
        with self._changed:
            self._served[name] -= 1
        if slot is not None:
            self.late_problems += [f"{name}: {problem}" for problem in slot.problems()]
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
