"""A virtual machine: a kernel of the lock file, the common root, the user's payload, and programs run inside."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from . import accel, initrd, kernel, own_kernel, protocol, qemu, recipes, rootfs
from .channel import Channel
from .console import Console
from .errors import VmLost, VmSetupError
from .link import Link, Process
from .protocol import Frame, Stream, Type, u32_body
from .streams import FileSink, MemorySink, MemorySource, PipeSink, PipeSource, Sink

_BOOT_DEADLINE_S = 180.0
_SILENCE_S = 180.0  # of an agent that is asked for a sign of life
# A program that ended may leave a background process that holds its pipes open; its output is worth this wait, not more.
_GRACE_S = 3.0


class Vm:
    def __init__(
        self, link: Link, console: Console, name: str, workdir: Path, release: str
    ) -> None:
        self._link = link
        self._console = console
        self._numbers = itertools.count()
        self.name = name
        self.workdir = workdir
        self.release = release

    @classmethod
    def start(
        cls,
        kernel_name: str,
        *,
        payload: Sequence[tuple[Path, str]] = (),
        memory_mb: int = 1024,
        cpus: int = 1,
        workdir: Path,
        deadline_s: float = 3600.0,
        boot_deadline_s: float = _BOOT_DEADLINE_S,
        silence_s: float = _SILENCE_S,
        acceleration: str | None = None,
        cpu: str | None = None,
        root: str = "",
    ) -> Vm:
        """Boot and return when the agent answers. KernelMissing, VmSetupError: it cannot be made. VmLost: it died booting."""
        files = (
            own_kernel.files_of(kernel_name)
            if own_kernel.is_own(kernel_name)
            else kernel.files_of(recipes.locked_kernel(kernel_name))
        )
        image = rootfs.image(root)
        chosen = acceleration or accel.choose(kernel_name)
        workdir.mkdir(parents=True, exist_ok=True)
        machine = qemu.Machine(
            accel=chosen,
            kernel=files.vmlinuz,
            initrd=initrd.build(workdir / "initrd.cpio", files, payload),
            root=image,
            console=workdir / "console.log",
            memory_mb=memory_mb,
            cpus=cpus,
            cpu=cpu,
        )
        machine.console.unlink(missing_ok=True)
        console = Console(machine.console)
        log_path = workdir / "qemu.log"

        def explain() -> str:
            words = [log_path.read_text(errors="replace").strip(), console.last_words()]
            return "".join(f"\n{text}" for text in words if text)

        log = os.open(
            log_path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o644
        )
        try:
            link = Link(
                lambda fd: qemu.command(machine, fd),
                log,
                deadline_s,
                silence_s,
                explain,
            )
            try:
                release = _first_word(link, files.abi, boot_deadline_s, console)
            except BaseException:
                link.close()
                raise
        finally:
            os.close(log)
        machine.initrd.unlink()  # QEMU has read it; payloads are large
        return cls(link, console, kernel_name, workdir, release)

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
        stderr: int | None = None,
        terminal: tuple[int, int] | None = None,
    ) -> Channel:
        """Start a program with pipes (or a terminal of so many rows and columns). OSError if the guest cannot start it.

        stderr goes to a descriptor of the caller's, else to a file `stderr-N-NAME` in the work directory.
        """
        if stderr is None:
            path = self.workdir / f"stderr-{next(self._numbers)}-{Path(argv[0]).name}"
            error_fd = os.open(
                path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o644
            )
        else:
            error_fd = os.dup(stderr)
        in_read, in_write = os.pipe2(os.O_CLOEXEC)
        out_read, out_write = os.pipe2(os.O_CLOEXEC)
        stdin, stdout = os.fdopen(in_write, "wb"), os.fdopen(out_read, "rb")
        sinks: dict[int, Sink] = {
            Stream.STDOUT: PipeSink(out_write),
            Stream.STDERR: FileSink(error_fd),
        }
        try:
            process = self._link.start(
                protocol.spawn_body(argv, env or {}, cwd, terminal),
                PipeSource(in_read),
                sinks,
            )
            self._started(process, argv)
        except BaseException:
            stdin.close()
            stdout.close()
            raise
        return Channel(self._link, process, stdin, stdout, list(argv))

    def run(
        self,
        argv: Sequence[str],
        timeout_s: float,
        *,
        input: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
    ) -> subprocess.CompletedProcess[bytes]:
        """Run to the end. TimeoutExpired after killing it; a status other than 0 is the caller's to judge."""
        out, err = MemorySink(), MemorySink()
        sinks: dict[int, Sink] = {Stream.STDOUT: out, Stream.STDERR: err}
        process = self._link.start(
            protocol.spawn_body(argv, env or {}, cwd, None), MemorySource(input), sinks
        )
        self._started(process, argv)
        if not self._link.wait_for(lambda: process.wait_status is not None, timeout_s):
            self._link.send(
                Frame(Type.KILL, process.number, 0, u32_body(signal.SIGKILL))
            )
            self._link.wait_for(lambda: process.wait_status is not None, _GRACE_S)
            self._link.send(Frame(Type.CLOSE, process.number))
            raise subprocess.TimeoutExpired(
                list(argv), timeout_s, bytes(out.data), bytes(err.data)
            )
        if not self._link.wait_for(lambda: process.complete, _GRACE_S):
            self._link.send(Frame(Type.CLOSE, process.number))
        assert process.wait_status is not None
        status = os.waitstatus_to_exitcode(process.wait_status)
        return subprocess.CompletedProcess(
            list(argv), status, bytes(out.data), bytes(err.data)
        )

    def console_problems(self) -> list[str]:
        """Kernel trouble (BUG, WARNING, Oops, hung task, ...) since last asked."""
        return self._console.problems()

    def close(self) -> None:
        """Nothing in the guest outlives it (its disk is read-only, the rest is memory), so it is simply switched off."""
        self._link.close()

    def _started(self, process: Process, argv: Sequence[str]) -> None:
        self._link.wait_for(
            lambda: process.pid is not None or process.errno is not None, None
        )
        if process.errno is not None:
            raise OSError(
                process.errno,
                f"guest {self.name}: {os.strerror(process.errno)}",
                argv[0],
            )

    def __enter__(self) -> Vm:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _first_word(link: Link, abi: str, deadline_s: float, console: Console) -> str:
    """Wait for the agent's greeting; returns the release of the kernel that really runs."""
    if not link.wait_for(lambda: link.hello is not None, deadline_s):
        raise VmLost(
            f"the guest did not come up within {deadline_s:g} s\n{console.last_words()}"
        )
    assert link.hello is not None
    version = int.from_bytes(link.hello.body[:4], "little")
    release = link.hello.body[4:].decode(errors="replace")
    if version != protocol.VERSION:
        raise VmSetupError(
            f"the guest's agent speaks protocol {version}, this side {protocol.VERSION}"
        )
    if release != abi:
        raise VmSetupError(f"booted {release}, expected {abi}")
    return release
