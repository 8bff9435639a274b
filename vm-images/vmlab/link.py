"""The thread that stands beside one virtual machine: it starts QEMU, carries frames, keeps the deadlines, and sees the end.

QEMU is started *from this thread* because the kernel's "die with your parent" means the thread that forked, and callers may
well start machines from threads that end before the machine does.
"""

from __future__ import annotations

import collections
import contextlib
import os
import select
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .errors import VmLost
from .protocol import FRAME_MAX, WINDOW, Frame, Parser, Stream, Type, encode, u32_body
from .streams import PipeSink, Sink, Source

_PING_EVERY_S = 10.0
_CREDIT_STEP = WINDOW // 4


@dataclass
class Process:
    """One program in the guest, as the link sees it. Guarded by the link's condition."""

    number: int
    source: Source
    sinks: dict[int, Sink]
    credit: int = WINDOW
    stdin_open: bool = True
    open_outputs: set[int] = field(
        default_factory=lambda: {int(Stream.STDOUT), int(Stream.STDERR)}
    )
    owed: dict[int, int] = field(
        default_factory=lambda: {int(Stream.STDOUT): 0, int(Stream.STDERR): 0}
    )
    pid: int | None = None
    errno: int | None = None
    wait_status: int | None = None

    @property
    def complete(self) -> bool:
        return self.wait_status is not None and not self.open_outputs


class Link:
    def __init__(
        self,
        argv_for: Callable[[int], Sequence[str]],
        log: int,
        deadline_s: float,
        silence_s: float,
        explain: Callable[[], str],
    ) -> None:
        """`argv_for` makes QEMU's command line, given the descriptor of its end of the control socket."""
        self.changed = threading.Condition()
        self.processes: dict[int, Process] = {}
        self.hello: Frame | None = None
        self.lost: str | None = None
        self._argv_for = argv_for
        self._log = log
        self._explain = explain
        self._until = time.monotonic() + deadline_s
        self._deadline_s = deadline_s
        self._silence_s = silence_s
        self._outbox: collections.deque[bytes] = collections.deque()
        self._unsent = b""
        self._closing = False
        self._next_number = 1
        self._last_sign = time.monotonic()
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._thread = threading.Thread(target=self._main, name="vm-link", daemon=True)
        self._thread.start()

    # --- called from any thread ---

    def send(self, frame: Frame) -> None:
        with self.changed:
            self._outbox.append(encode(frame))
            self._wake()

    def start(self, body: bytes, source: Source, sinks: dict[int, Sink]) -> Process:
        """Requires: nothing of `source` and `sinks` is used by the caller afterwards, whether this succeeds or not."""
        with self.changed:
            if self.lost is not None:
                self._drop(Process(0, source, sinks))
                raise VmLost(self.lost)
            while self._next_number in self.processes or self._next_number == 0:
                self._next_number = (self._next_number + 1) % 65536
            process = Process(self._next_number, source, sinks)
            self._next_number = (self._next_number + 1) % 65536
            self.processes[process.number] = process
            self._outbox.append(encode(Frame(Type.SPAWN, process.number, 0, body)))
            self._wake()
        return process

    def wait_for(self, predicate: Callable[[], bool], timeout_s: float | None) -> bool:
        """True when it holds, False after the time; VmLost if the machine went away before."""
        with self.changed:
            self.changed.wait_for(
                lambda: predicate() or self.lost is not None, timeout_s
            )
            if predicate():
                return True
            self._raise_if_lost()
            return False

    def close(self) -> None:
        with self.changed:
            self._closing = True
            self._wake()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _raise_if_lost(self) -> None:
        if self.lost is not None:
            raise VmLost(self.lost)

    def _wake(self) -> None:
        """Requires: the condition is held, so that the pipe is not closed under us."""
        if self.lost is None:
            with contextlib.suppress(BlockingIOError):  # full: it will wake anyway
                os.write(self._wake_write, b"x")

    # --- the thread ---

    def _main(self) -> None:
        ours, theirs = socket.socketpair()
        reason = "the link failed"
        qemu: subprocess.Popen[bytes] | None = None
        try:
            with ours, theirs:
                ours.setblocking(False)
                qemu = subprocess.Popen(
                    self._argv_for(theirs.fileno()),
                    stdin=subprocess.DEVNULL,
                    stdout=self._log,
                    stderr=self._log,
                    pass_fds=[theirs.fileno()],
                )
                theirs.close()
                reason = self._serve(ours)
        except (
            Exception
        ) as wrong:  # whatever it is, nobody may wait for this machine any longer
            reason = f"{type(wrong).__name__}: {wrong}"
        finally:
            if qemu is not None:
                qemu.kill()
                qemu.wait()
            self._end(reason)

    def _serve(self, sock: socket.socket) -> str:
        parser = Parser()
        next_ping = time.monotonic() + _PING_EVERY_S
        while True:
            now = time.monotonic()
            if self._closing:
                return "it was closed"
            if now > self._until:
                return f"its deadline of {self._deadline_s:g} s has passed"
            if self.hello and now - self._last_sign > self._silence_s:
                return f"the guest's agent was silent for {self._silence_s:g} s"
            if self.hello and now > next_ping:
                self._outbox.append(encode(Frame(Type.PING)))
                next_ping = now + _PING_EVERY_S
            with self.changed:
                if not self._flush(sock):
                    return "its control port closed"
                poller = self._poller(sock)
            ready = dict(
                poller.poll(1000 * max(0.0, min(next_ping, self._until) - now))
            )
            if self._wake_read in ready:
                os.read(self._wake_read, 4096)
            if ready.get(sock.fileno(), 0) & ~select.POLLOUT:
                try:
                    data = sock.recv(1 << 18)
                except ConnectionError:
                    data = b""
                if not data:
                    return "QEMU ended"
                self._last_sign = time.monotonic()
                with self.changed:
                    for frame in parser.feed(data):
                        self._on_frame(frame)
                    self.changed.notify_all()
            with self.changed:
                self._move_bytes(ready)

    def _poller(self, sock: socket.socket) -> select.poll:
        poller = select.poll()
        poller.register(self._wake_read, select.POLLIN)
        poller.register(
            sock,
            select.POLLIN | (select.POLLOUT if self._outbox or self._unsent else 0),
        )
        for process in self.processes.values():
            if (
                process.pid is not None
                and process.stdin_open
                and process.credit
                and process.source.fd >= 0
            ):
                poller.register(process.source.fd, select.POLLIN)
            for sink in process.sinks.values():
                if isinstance(sink, PipeSink) and sink.pending and sink.fd >= 0:
                    poller.register(sink.fd, select.POLLOUT)
        return poller

    def _flush(self, sock: socket.socket) -> bool:
        while self._unsent or self._outbox:
            if not self._unsent:
                self._unsent = self._outbox.popleft()
            try:
                self._unsent = self._unsent[sock.send(self._unsent) :]
            except BlockingIOError:
                return True
            except OSError:
                return False
        return True

    def _move_bytes(self, ready: dict[int, int]) -> None:
        for process in list(self.processes.values()):
            if (
                process.pid is not None
                and process.stdin_open
                and (process.source.fd < 0 or process.source.fd in ready)
            ):
                self._pull_stdin(process)
            for stream, sink in process.sinks.items():
                if isinstance(sink, PipeSink) and sink.fd in ready:
                    self._owe(process, stream, sink.drain())
            if process.complete:
                self._forget(process)

    def _pull_stdin(self, process: Process) -> None:
        while process.credit:
            data = process.source.take(min(process.credit, FRAME_MAX))
            if data is None:
                return
            self._outbox.append(
                encode(Frame(Type.DATA, process.number, Stream.STDIN, data))
            )
            if not data:
                process.stdin_open = False
                process.source.close()
                return
            process.credit -= len(data)

    def _owe(self, process: Process, stream: int, count: int) -> None:
        """Give credit back in steps, not for every line: each frame is work for a slow guest."""
        process.owed[stream] += count
        if process.owed[stream] >= _CREDIT_STEP:
            self._outbox.append(
                encode(
                    Frame(
                        Type.CREDIT,
                        process.number,
                        stream,
                        u32_body(process.owed[stream]),
                    )
                )
            )
            process.owed[stream] = 0

    def _on_frame(self, frame: Frame) -> None:
        if frame.type == Type.HELLO:
            self.hello = frame
            return
        process = self.processes.get(frame.channel)
        if process is None or frame.type == Type.PONG:
            return
        if frame.type == Type.STARTED:
            process.pid = frame.u32()
        elif frame.type == Type.FAILED:
            process.errno = frame.u32()
            self._drop(process)
        elif frame.type == Type.CREDIT:
            process.credit += frame.u32()
        elif frame.type == Type.EXIT:
            process.wait_status = frame.u32()
        elif frame.type == Type.DATA:
            self._on_data(process, frame)
        if process.complete:
            self._forget(process)

    def _on_data(self, process: Process, frame: Frame) -> None:
        if (
            frame.stream == Stream.STDIN
        ):  # the guest's end is closed: whoever writes shall notice
            process.stdin_open = False
            process.source.close()
        elif frame.body:
            self._owe(
                process, frame.stream, process.sinks[frame.stream].feed(frame.body)
            )
        else:
            process.open_outputs.discard(frame.stream)
            process.sinks[frame.stream].end()

    def _forget(self, process: Process) -> None:
        """No more frames will come. A sink that still has bytes pending keeps them until its reader took them."""
        process.stdin_open = False
        process.source.close()
        if not any(
            isinstance(sink, PipeSink) and sink.pending
            for sink in process.sinks.values()
        ):
            self.processes.pop(process.number, None)

    def _drop(self, process: Process) -> None:
        """It never started."""
        process.source.close()
        for sink in process.sinks.values():
            sink.abandon()
        self.processes.pop(process.number, None)

    def _end(self, reason: str) -> None:
        words = self._explain()
        with self.changed:
            self.lost = f"{reason}{words}"
            for process in self.processes.values():
                process.source.close()
                for sink in process.sinks.values():
                    sink.abandon()
            os.close(self._wake_read)
            os.close(self._wake_write)
            self.changed.notify_all()
