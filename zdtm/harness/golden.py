"""Images of each format version that are kept in zdtm/golden: made once, restored by every later engine.

Their program lies in a folder of its own path and time on every machine, so its files are what they were.
"""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from harness import isolation, procfs
from harness.engines.base import Running
from harness.stage import CellFailure, Stage, last_line
from harness.waiting import wait_until

HERE = Path(__file__).parent.parent / "golden"
PLACE = Path("/run/cr-golden")
PROGRAMS = {"program64": "-m64", "program32": "-m32"}
# By the image's name: what was started.
TREES = {
    "one64": ["program64"],
    "one32": ["program32"],
    "tree64": ["program64", "program32"],
    "tree32": ["program32", "program64"],
}
FIRST_PID = 4000  # free wherever a new pid namespace is
TIME = 1_000_000_000  # of every file
# All that the program and the engine need. A restore wants at least what the dump had.
CAPABILITIES = frozenset(
    {
        0,  # chown
        1,  # dac_override
        2,  # dac_read_search
        3,  # fowner
        5,  # kill
        6,  # setgid
        7,  # setuid
        8,  # setpcap
        19,  # sys_ptrace
        21,  # sys_admin
    }
)


def golden_made(stage: Stage) -> None:
    """Options: `folder` with the programs, `tree`. The image is put into the folder."""
    folder, tree = Path(stage.spec.options["folder"]), stage.spec.options["tree"]
    for number in range(64):
        if number not in CAPABILITIES and isolation.has_capability(number):
            isolation.drop_capability(number)
    Path("/proc/sys/kernel/ns_last_pid").write_text(str(FIRST_PID))
    with _programs_of(folder):
        root = _start([str(PLACE / name) for name in TREES[tree]])
        stage.running = Running(root)
        members = len(TREES[tree])
        wait_until(lambda: _waiting(root, members), "the tree to wait", stage.left_s())
        image = stage.image(tree)
        stage.dump(image, leave_running=False)
        shutil.copy(image, folder / f"{tree}.img")


def golden_restored(stage: Stage) -> None:
    """Options: `folder` with the programs and the image, `image`."""
    folder = Path(stage.spec.options["folder"])
    image = folder / stage.spec.options["image"]
    shown = stage.engine.run([stage.engine.program, "show", str(image), "--json"])
    if shown.code != 0:
        raise CellFailure(f"show: {last_line(shown)}")
    root = int(shown.json()["origin"]["root"])
    with _programs_of(folder):
        stage.restore(image, root, foreground=False)
        os.kill(root, signal.SIGUSR2)
        code = wait_until(
            lambda: _ended(stage), "the restored tree to end", stage.left_s()
        )[0]
    if code != 0:
        raise CellFailure(f"the restored tree ended with {code}")
    stage.running = None


def _ended(stage: Stage) -> list[int]:
    assert stage.running is not None
    code = stage.running.ended()
    return [] if code is None else [code]


@contextmanager
def _programs_of(folder: Path) -> Iterator[None]:
    isolation.mount("tmpfs", "/run", "tmpfs", isolation.MS_NOSUID | isolation.MS_NODEV)
    try:
        PLACE.mkdir()
        for name in PROGRAMS:
            shutil.copy(folder / name, PLACE / name)
            os.utime(PLACE / name, (TIME, TIME))
        yield
    finally:
        isolation.unmount("/run")


def _start(argv: list[str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        os.chdir("/")
        null = os.open("/dev/null", os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        os.closerange(3, 1024)
        os.umask(0o022)
        for number in range(1, 32):
            if number not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        nothing: dict[str, str] = {}  # the maker's environment is nobody's business
        os.execve(argv[0], argv, nothing)
    finally:
        os._exit(126)


def _waiting(root: int, members: int) -> bool:
    """All are there, sleep, and have unmapped their vdso."""
    below = procfs.text(f"/proc/{root}/task/{root}/children").split()
    pids = [root, *map(int, below)]
    return len(pids) == members and all(
        procfs.stat_fields(pid)[0] == "S"
        and "[vdso]" not in procfs.text(f"/proc/{pid}/maps")
        for pid in pids
    )
