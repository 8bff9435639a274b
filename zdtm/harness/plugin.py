"""The pytest plug-in: a workload's source is a test file, each of its cells is a test."""

from __future__ import annotations

import random
import shutil
import tempfile
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Iterator, Optional

import pytest

from harness.cases import (
    ANY_WORD_SIZE,
    SCENARIO_NAMES,
    WORD_SIZES,
    Cell,
    HeadError,
    Selection,
    Workload,
    read_workload,
)
from harness.cells import (
    ERROR,
    FAIL,
    SKIP,
    VERDICTS,
    CellResult,
)
from harness.machines import Machine, MachineUnusable, open_machine
from harness.orders import Run, order
from harness.presence import OF_THE_CPU
from harness.report import (
    RESULTS,
    Changes,
    Finished,
    changes,
    text_summary,
    too_few,
    write_reports,
)
from harness.scheduler import Scheduler

KEY = pytest.StashKey["Matrix"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("matrix", "checkpoint/restore matrix")
    group.addoption(
        "--engine",
        action="append",
        metavar="NAME",
        help="cr (default), criu; repeatable",
    )
    group.addoption(
        "--machine",
        action="append",
        metavar="NAME",
        help="host (default), vm:<kernel>; repeatable",
    )
    group.addoption(
        "--word-size",
        action="append",
        choices=(*WORD_SIZES, ANY_WORD_SIZE),
        help="repeatable; default: all; any: one of each workload's, drawn by the seed",
    )
    group.addoption(
        "--scenario",
        action="append",
        choices=SCENARIO_NAMES,
        help="repeatable; default: all",
    )
    group.addoption(
        "--seed", type=int, help="of everything random; printed when not given"
    )
    group.addoption(
        "--repeat", type=int, default=1, metavar="N", help="run each cell N times"
    )
    group._addoption(
        "-j",
        dest="jobs",
        type=int,
        default=1,
        metavar="N",
        help="cells at a time, per machine",
    )
    group.addoption(
        "--report",
        "--out",
        type=Path,
        metavar="DIR",
        help="write HTML, JUnit and JSON lines",
    )
    group.addoption(
        "--since",
        type=Path,
        metavar="DIR",
        help="the report of an earlier run: say what is other now",
    )
    group.addoption("--build", type=Path, metavar="DIR", help="default: build/release")
    group.addoption(
        "--min-cells",
        type=int,
        default=1,
        metavar="N",
        help="fewer cells run are a failure",
    )
    group.addoption("--keep", action="store_true", help="keep the files of every cell")
    group.addoption(
        "--rounds",
        type=int,
        metavar="N",
        help="rounds of the kill test and of each real program",
    )
    group.addoption(
        "--full", action="store_true", help="sweeps try everything instead of a sample"
    )
    group.addoption(
        "--grid",
        action="store_true",
        help="also carry images from each virtual machine to each other one",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "engine: needs a built engine")
    config.stash[KEY] = Matrix(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    if KEY in config.stash:
        config.stash[KEY].close()


def pytest_report_header(config: pytest.Config) -> str:
    matrix = config.stash[KEY]
    return f"matrix: --seed {matrix.seed} --build {matrix.build}"


def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Optional[pytest.Collector]:
    if file_path.suffix != ".c" or file_path.parent.parent.name != "workloads":
        return None
    if file_path.parent.name == "lib":
        return None
    found: pytest.Collector = WorkloadFile.from_parent(parent, path=file_path)
    return found


def pytest_collection_finish(session: pytest.Session) -> None:
    if not session.config.option.collectonly:
        session.config.stash[KEY].order(
            [item for item in session.items if isinstance(item, CellItem)]
        )


@pytest.hookimpl(trylast=True)  # type: ignore[misc]
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    matrix = session.config.stash[KEY]
    matrix.close()
    if (
        not session.config.option.collectonly
        and matrix.shortcomings()
        and exitstatus in (0, 5)
    ):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if matrix.finished and session.config.option.report:
        write_reports(
            session.config.option.report,
            matrix.finished,
            matrix.seed,
            matrix.changed(),
        )


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    matrix = config.stash[KEY]
    if matrix.finished:
        terminalreporter.section("matrix")
        terminalreporter.write_line(text_summary(matrix.finished))
        if config.option.report:
            terminalreporter.write_line(
                f"report: {config.option.report / 'index.html'}"
            )
        terminalreporter.write_line(f"seed: {matrix.seed}")
    if changed := matrix.changed():
        terminalreporter.write_line(changed.head())
        for entry, was in changed.other:
            now = entry.result.verdict
            terminalreporter.write_line(f"  {entry.result.id}: {was} -> {now}")
    for reason in matrix.shortcomings():
        terminalreporter.write_line(f"FAILED: {reason}", red=True)


class Matrix:
    """All that a run of the matrix owns: machines, scheduler, scratch space, results."""

    def __init__(self, config: pytest.Config) -> None:
        option = config.option
        self.seed: int = (
            option.seed if option.seed is not None else random.randrange(10**6)
        )
        self.build: Path = (
            option.build or config.rootpath / "build" / "release"
        ).absolute()
        self.root = config.rootpath
        self.since: Optional[Path] = option.since
        if self.since and not (self.since / RESULTS).exists():
            raise pytest.UsageError(f"--since {self.since}: there is no {RESULTS}")
        self.jobs: int = option.jobs
        self.keep: bool = option.keep
        self.min_cells: int = option.min_cells
        self.selection = Selection(
            tuple(option.engine or ["cr"]),
            tuple(option.machine or ["host"]),
            tuple(option.word_size or ()),
            tuple(option.scenario or ()),
            option.repeat,
            self.seed,
            option.grid,
        )
        self.is_part = False  # of a run that is dealt out, see sharding.py
        self.files_seen = 0
        self.ordered = 0
        self.collected = 0
        self.finished: list[Finished] = []
        self.futures: dict[str, Future[CellResult]] = {}
        self.lacks: dict[str, Optional[frozenset[str]]] = {}  # of each machine
        self.late: list[str] = []  # complaints of kernels
        self._scheduler: Optional[Scheduler] = None
        self._started = False
        self._scratch: Optional[Path] = None

    def scratch(self) -> Path:
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="zdtm-"))
            self._scratch.chmod(0o755)
        return self._scratch

    def order(self, items: list[CellItem]) -> None:
        """Queues every selected cell; whatever cannot be queued is answered with an error at once."""
        self.ordered = len(items)
        machines: dict[str, Machine] = {}
        unusable: dict[str, str] = {}
        names = {name for item in items for name in item.cell.machines()}
        for name in names:
            try:
                machines[name] = open_machine(name, self.build, self.scratch())
            except MachineUnusable as error:
                unusable[name] = str(error)
        self.lacks = {name: machine.lacks for name, machine in machines.items()}
        self._scheduler = Scheduler(machines, self.jobs)
        for item in items:
            cell = item.cell
            try:
                for name in cell.machines():
                    if name in unusable:
                        raise MachineUnusable(unusable[name])
                self.futures[cell.id] = self._submit(cell, machines)
            except MachineUnusable as error:
                answer: Future[CellResult] = Future()
                answer.set_result(CellResult(cell.id, ERROR, str(error)))
                self.futures[cell.id] = answer

    def _submit(self, cell: Cell, machines: dict[str, Machine]) -> Future[CellResult]:
        """Where it is carried to another machine, what departs is ordered once for all of them."""
        assert self._scheduler is not None
        run = Run(self.build, self.seed, self.keep)
        spec = order(run, cell, machines[cell.machine])
        if not cell.source:
            return self._scheduler.submit(spec, cell.machine)
        departure = cell.departure()
        if departure.id not in self.futures:
            first = order(run, departure, machines[cell.source])
            self.futures[departure.id] = self._scheduler.submit(first, cell.source)
        return self._scheduler.submit(spec, cell.machine, self.futures[departure.id])

    def result(self, item: CellItem) -> CellResult:
        if not self._started and self._scheduler is not None:
            self._scheduler.start()  # not before: other tests are not to be disturbed
            self._started = True
        return self.futures[item.cell.id].result()

    def command(self, cell: Cell) -> str:
        """Repeats this one cell."""
        source = cell.workload.source.relative_to(self.root)
        build = self.build
        if build.is_relative_to(self.root):
            build = build.relative_to(self.root)
        engine = [] if cell.engine == "none" else ["--engine", cell.engine]
        words = ["/usr/bin/python3 -m pytest", f"'{source}::{cell.label}'", *engine]
        words += ["--grid"] if cell.source else []
        for name in cell.machines():
            words += ["--machine", name]
        words += ["--word-size", cell.word_size]
        words += [
            "--scenario",
            cell.scenario,
            "--seed",
            str(self.seed),
            "--build",
            str(build),
        ]
        if cell.repeat:
            words += ["--repeat", str(cell.repeat + 1)]
        return " ".join(words)

    def lacks_of(self, cell: Cell) -> Optional[frozenset[str]]:
        """What one of its machines lacks; None if that is not known of all."""
        known = [self.lacks.get(name) for name in cell.machines()]
        if None in known:
            return None
        return frozenset().union(*(lacks for lacks in known if lacks is not None))

    def changed(self) -> Optional[Changes]:
        return changes(self.since, self.finished) if self.since else None

    def shortcomings(self) -> list[str]:
        """Why this run is red whatever its cells say. Requires: closed."""
        # A part of a run may be small; who puts the parts together asks for all of them.
        few = "" if self.is_part else self.too_few()
        return [*filter(None, [few]), *self.complaints()]

    def complaints(self) -> list[str]:
        return [f"after the last cell the kernel complained: {x}" for x in self.late]

    def too_few(self) -> str:
        """Why this run proves nothing; empty if it does."""
        if not self.files_seen or (self.collected and not self.ordered):
            return ""  # workloads were not asked for, or -k chose other tests
        return too_few(self.finished, self.selection.machines, self.min_cells)

    def close(self) -> None:
        if self._scheduler is not None:
            self._scheduler.stop()
            self.late = self._scheduler.late_problems
            self._scheduler = None
        if self._scratch is not None and not self.keep:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None


class WorkloadFile(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        matrix = self.config.stash[KEY]
        matrix.files_seen += 1
        try:
            workload = read_workload(self.path)
        except HeadError as error:
            raise self.CollectError(str(error)) from None
        for cell in matrix.selection.cells(workload):
            matrix.collected += 1
            yield CellItem.from_parent(self, name=cell.label, cell=cell)


def contradiction(
    result: CellResult, workload: Workload, lacks: Optional[frozenset[str]]
) -> str:
    """Why this verdict is not believed; empty if it is. `lacks`: what is known of the machine, None if nothing is."""
    if result.verdict not in VERDICTS:
        return f"no verdict is called {result.verdict!r}"
    if result.verdict != SKIP or not result.missing:
        return ""  # an engine that offers less than its adapter promises is no skip
    if result.missing not in workload.needs:
        return "a skip that nobody expects"
    # A feature of the CPU has been looked for by the cell itself.
    if lacks is not None and result.missing not in lacks | OF_THE_CPU:
        return "a skip where the machine is said to have it"
    return ""


class CellFailed(Exception):
    """Something was lost."""


class CellItem(pytest.Item):
    def __init__(self, cell: Cell, **others: Any) -> None:
        super().__init__(**others)
        self.cell = cell
        self.answer: Optional[CellResult] = None
        # So that -k can ask for them.
        self.extra_keyword_matches.update([*cell.workload.rows, cell.workload.group])

    def setup(self) -> None:
        """Waits here, because what is raised in the set-up counts as an error and not as a failure."""
        matrix = self.config.stash[KEY]
        result = self.answer = matrix.result(self)
        if wrong := contradiction(
            result, self.cell.workload, matrix.lacks_of(self.cell)
        ):
            result.verdict = ERROR
            result.reason = f"{wrong}: {result.reason}"
        matrix.finished.append(Finished(self.cell, result, matrix.command(self.cell)))
        if result.verdict == ERROR:
            pytest.fail(self._told(result), pytrace=False)

    def runtest(self) -> None:
        assert self.answer is not None
        if self.answer.verdict == SKIP:
            pytest.skip(self.answer.reason)
        if self.answer.verdict == FAIL:
            raise CellFailed(self.answer)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if isinstance(excinfo.value, CellFailed):
            return self._told(excinfo.value.args[0])
        return super().repr_failure(excinfo, style)

    def _told(self, result: CellResult) -> str:
        command = self.config.stash[KEY].command(self.cell)
        return f"{result.reason}\n\n{result.log}\n\nagain: {command}\n"

    def reportinfo(self) -> tuple[Path, Optional[int], str]:
        return self.path, None, self.cell.id
