"""One program in the guest, as its user holds it: real file objects for stdin and stdout, and its end."""

from __future__ import annotations

import os
import signal
import subprocess
from types import TracebackType
from typing import BinaryIO

from .link import Link, Process
from .protocol import Frame, Type, u32_body


class Channel:
    """`stdin` and `stdout` are pipes of this process: select works on them, stdin wants flush() as any buffered file.

    When the machine is lost, stdout ends and stdin breaks; `wait` then raises VmLost, so an end of file is never mistaken for
    the end of the program.
    """

    def __init__(
        self,
        link: Link,
        process: Process,
        stdin: BinaryIO,
        stdout: BinaryIO,
        argv: list[str],
    ) -> None:
        self._link = link
        self._process = process
        self.stdin = stdin
        self.stdout = stdout
        self.argv = argv

    @property
    def pid(self) -> int:
        """In the guest."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """The exit status if it has ended, negative for a signal, as in subprocess."""
        status = self._process.wait_status
        return None if status is None else os.waitstatus_to_exitcode(status)

    def wait(self, timeout_s: float | None = None) -> int:
        if not self._link.wait_for(
            lambda: self._process.wait_status is not None, timeout_s
        ):
            raise subprocess.TimeoutExpired(self.argv, timeout_s or 0.0)
        code = self.poll()
        assert code is not None
        return code

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Signal the program and everything it started that stayed in its process group."""
        self._link.send(Frame(Type.KILL, self._process.number, 0, u32_body(number)))

    def close(self) -> None:
        """End the program if it still runs, and let go of its pipes."""
        if self.poll() is None:
            self.kill()
        self._link.send(Frame(Type.CLOSE, self._process.number))
        for file in (self.stdin, self.stdout):
            try:
                file.close()
            except BrokenPipeError:
                pass  # unflushed bytes for a program that is gone

    def __enter__(self) -> Channel:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
