"""Images as programs: registered with the kernel, an image that is executed is its tree again.

Needs an engine with the option `executable`. The registration has a name of its own; on kernels before 6.7, and wherever
the host has binfmt_misc mounted, it is the host's, so it is taken away whatever happens.
"""

from __future__ import annotations

import errno
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator

from harness.program import MissingFeature
from harness.stage import CellFailure, Stage, last_line

Generation = Callable[[Stage, str, bool], None]


def executed(stage: Stage, generation: Generation) -> None:
    """Option: `name`, of the registration."""
    name = str(stage.spec.options["name"])
    status = _told(stage, "status")
    if status["kernel"] == "absent":
        raise MissingFeature("binfmt_misc")
    if status["entries"]:
        stage.notes.append("images were registered before: not seen to be refused")
    else:
        _expect_refused(stage)
    stage.start()
    with _registered(stage, name):
        generation(stage, "1", True)
        generation(stage, "2", False)
        stage.go_on()


@contextmanager
def _registered(stage: Stage, name: str) -> Iterator[None]:
    mounted_now = False
    try:
        for replaced in (False, True):
            done = _told(stage, "install", "--name", name)
            mounted_now = mounted_now or bool(done["mounted_now"])
            if done["replaced"] != replaced:
                raise CellFailure(f"install does not see what was there: {done}")
        entries = _told(stage, "status")["entries"]
        mine = {"name": name, "enabled": True, "interpreter": stage.engine.program}
        if not any(mine.items() <= entry.items() for entry in entries):
            raise CellFailure(f"the status does not tell of {mine}: {entries}")
        yield
    finally:
        removed = [_told(stage, "remove", "--name", name)["removed"] for _ in "ab"]
        if mounted_now:
            subprocess.run(["umount", "/proc/sys/fs/binfmt_misc"], check=True)
    if removed != [True, False]:
        raise CellFailure(f"two removals took away {removed}")


def _told(stage: Stage, *words: str) -> dict[str, Any]:
    outcome = stage.engine.run([stage.engine.program, "binfmt", *words, "--json"])
    stage.log(outcome.text())
    if outcome.code != 0:
        raise CellFailure(f"binfmt {words[0]}: {last_line(outcome)}")
    return outcome.json()


def _expect_refused(stage: Stage) -> None:
    """What begins like an image must not run by itself, or the rest proves nothing."""
    image = Path(stage.temporary) / "image"
    image.write_bytes(b"\x89CRIMG\r\n" + bytes(4096))
    image.chmod(0o700)
    try:
        subprocess.run([str(image)], check=False)
    except OSError as error:
        if error.errno == errno.ENOEXEC:
            return
        raise
    finally:
        image.unlink()
    raise CellFailure("an image runs though nobody is registered for it")
