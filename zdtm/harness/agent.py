"""Runs cells inside a machine: orders come in as JSON lines, results go out as JSON lines.

Each cell has pid, mount and ipc namespaces of its own. Its init is a fork of this process, so when
the cell ends the kernel itself removes whatever is left, after the leftovers were counted.
"""

from __future__ import annotations

import gc
import importlib
import os
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from harness import cell, engines, isolation
from harness.cells import ERROR, CellResult, CellSpec

GRACE_S = 10.0  # beyond the cell's own deadline: then the whole namespace is killed


def main() -> int:
    # The parent may vanish at any time; a cell must not outlive it.
    isolation.die_with_parent(signal.SIGKILL)
    # Cells are forks of this process: what is imported here is not imported again in each of them.
    for adapter in engines.ADAPTERS.values():
        importlib.import_module(adapter.partition(":")[0])
    # Looking for cycles touches every object: a fork would copy all of them. A cell is over before it matters.
    gc.collect()
    gc.freeze()
    gc.disable()
    for line in sys.stdin:
        if not line.strip():
            continue
        result = run_cell(CellSpec.from_json(line))
        sys.stdout.write(result.to_json() + "\n")
        sys.stdout.flush()
    return 0


def run_cell(spec: CellSpec) -> CellResult:
    scratch = Path(spec.scratch)
    scratch.mkdir(parents=True, exist_ok=True)
    folder = _folder(spec, scratch)
    began = time.monotonic()
    result = _in_namespaces(spec, folder)
    result.seconds = time.monotonic() - began
    if spec.keep:
        result.folder = str(folder)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return result


def _folder(spec: CellSpec, scratch: Path) -> Path:
    if spec.folder:
        folder = scratch / spec.folder
        folder.mkdir()
    else:
        folder = Path(tempfile.mkdtemp(prefix="cell-", dir=scratch))
    folder.chmod(0o755)
    return folder


def _in_namespaces(spec: CellSpec, folder: Path) -> CellResult:
    reader, writer = os.pipe()
    sys.stdout.flush()
    helper = os.fork()
    if helper == 0:
        os.close(reader)
        _helper(spec, folder, writer)
    os.close(writer)
    text = _read_all(reader, spec.deadline_s + GRACE_S)
    os.close(reader)
    # Kills the init of the cell too: it dies with its parent, and all its processes with it.
    os.kill(helper, signal.SIGKILL)
    os.waitpid(helper, 0)
    if not text:
        return CellResult(
            spec.id, ERROR, "the cell ended without a word, or ran into its deadline"
        )
    return CellResult.from_json(text)


def _read_all(reader: int, deadline_s: float) -> str:
    end = time.monotonic() + deadline_s
    pieces: list[bytes] = []
    while (left := end - time.monotonic()) > 0:
        if not select.select([reader], [], [], left)[0]:
            break
        piece = os.read(reader, 1 << 16)
        if not piece:
            return b"".join(pieces).decode()
        pieces.append(piece)
    return ""


def _helper(spec: CellSpec, folder: Path, writer: int) -> None:
    """Only the first child after unshare is the new namespace's init, hence one process between."""
    try:
        isolation.die_with_parent(signal.SIGKILL)
        isolation.unshare(
            isolation.CLONE_NEWPID | isolation.CLONE_NEWNS | isolation.CLONE_NEWIPC
        )
        init = os.fork()
        if init == 0:
            isolation.die_with_parent(signal.SIGKILL)
            _init(spec, folder, writer)
        os.close(writer)
        os.waitpid(init, 0)
        # Wait to be killed: the agent may still be reading.
        signal.pause()
    except BaseException as error:  # noqa: B902 - the boundary of the process
        _tell(writer, CellResult(spec.id, ERROR, f"no namespace for the cell: {error}"))
    finally:
        os._exit(0)


def _init(spec: CellSpec, folder: Path, writer: int) -> None:
    try:
        os.set_inheritable(writer, False)
        _own_mounts()
        _quiet_stdio()
        _tell(writer, cell.run(spec, folder))
    except BaseException:  # noqa: B902 - the boundary of the process
        _tell(
            writer,
            CellResult(spec.id, ERROR, "the harness broke", traceback.format_exc()),
        )
    finally:
        os._exit(0)


def _own_mounts() -> None:
    isolation.mount("none", "/", None, isolation.MS_REC | isolation.MS_PRIVATE)
    harmless = isolation.MS_NOSUID | isolation.MS_NODEV | isolation.MS_NOEXEC
    isolation.mount("proc", "/proc", "proc", harmless)
    # Shared memory of one cell is not seen by the next one.
    isolation.mount(
        "tmpfs", "/dev/shm", "tmpfs", isolation.MS_NOSUID | isolation.MS_NODEV
    )


def _quiet_stdio() -> None:
    """The agent's own channel must not be reachable for programs and engines."""
    null = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1):
        os.dup2(null, number)
    os.close(null)


def _tell(writer: int, result: CellResult) -> None:
    data = result.to_json().encode()
    while data:
        data = data[os.write(writer, data) :]


if __name__ == "__main__":
    sys.exit(main())
