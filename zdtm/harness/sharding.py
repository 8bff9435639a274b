"""The second pytest plug-in: of a run dealt out to several machines only our part is run, and an account of it is left."""

from __future__ import annotations

from typing import Iterator

import pytest

from harness.merging import ACCOUNT, Account
from harness.plugin import KEY, CellItem
from harness.report import write_reports
from harness.shards import Shard, ShardError, of_environment, parse, plan_digest

OURS = pytest.StashKey["OurPart"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("matrix").addoption(
        "--shard",
        metavar="I/N",
        help="only part I of N, for `ci/matrix merge`; auto: the scheduler's variables say which. Needs --seed and --out",
    )


@pytest.hookimpl(trylast=True)  # type: ignore[misc]
def pytest_configure(config: pytest.Config) -> None:
    if config.option.shard is not None:
        config.stash[OURS] = OurPart(config)
        config.stash[KEY].is_part = True


@pytest.hookimpl(trylast=True)  # type: ignore[misc]
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """After -k and the like: what these left is dealt out."""
    if (ours := config.stash.get(OURS, None)) is not None:
        config.hook.pytest_deselected(items=ours.deal(items))


@pytest.hookimpl(hookwrapper=True)  # type: ignore[misc]
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    yield  # the matrix is closed then, and all that its kernels complained of is known
    ours = session.config.stash.get(OURS, None)
    if ours is not None and not session.config.option.collectonly:
        ours.leave_account(session)
        if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.OK  # other parts have them


class OurPart:
    def __init__(self, config: pytest.Config) -> None:
        option = config.option
        if option.seed is None or option.report is None:
            raise pytest.UsageError(
                "--shard needs --seed N, the same for all parts, and --out DIR, which `ci/matrix merge` reads"
            )
        try:
            self._shard: Shard = (
                of_environment() if option.shard == "auto" else parse(option.shard)
            )
        except ShardError as error:
            raise pytest.UsageError(f"--shard: {error}") from None
        self._plan: list[str] = []
        self._own: list[pytest.Item] = []
        self._cells: dict[str, str] = {}  # of our own tests, those that are cells
        self._red: list[str] = []
        # Whatever happens to this run: an older one's account must not speak for it.
        (option.report / ACCOUNT).unlink(missing_ok=True)
        config.pluginmanager.register(self, "our-part")

    def deal(self, items: list[pytest.Item]) -> list[pytest.Item]:
        """Leaves our own in the list; returns the others."""
        self._plan = [item.nodeid for item in items]
        own = self._shard.own(self._plan)
        foreign = [item for item in items if item.nodeid not in own]
        self._own = items[:] = [item for item in items if item.nodeid in own]
        self._cells = {x.nodeid: x.cell.id for x in items if isinstance(x, CellItem)}
        return foreign

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._red.append(f"{report.nodeid} cannot be collected")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Of cells the results tell more."""
        if report.failed and report.nodeid not in self._cells:
            self._red.append(f"{report.nodeid} failed")

    def leave_account(self, session: pytest.Session) -> None:
        matrix = session.config.stash[KEY]
        folder = session.config.option.report
        if not matrix.finished:  # a part so small that nothing wrote any
            write_reports(folder, [], matrix.seed)
        Account(
            shard=self._shard.number,
            of=self._shard.of,
            seed=matrix.seed,
            machines=list(matrix.selection.machines),
            min_cells=matrix.min_cells,
            tests=len(self._plan),
            plan=plan_digest(self._plan),
            own=[item.nodeid for item in self._own],
            cells=list(self._cells.values()),
            red=self._red + matrix.complaints(),
        ).write(folder)
