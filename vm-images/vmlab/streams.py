"""Where the bytes of a guest program come from and go to: real pipes for a user to hold, memory, or a file."""

from __future__ import annotations

import os
import typing

from .protocol import WINDOW


class Sink(typing.Protocol):
    """Takes output. `feed` returns how many bytes the other side may be credited for at once."""

    def feed(self, data: bytes) -> int:
        ...

    def end(self) -> None:
        ...

    def abandon(self) -> None:
        ...


class MemorySink:
    def __init__(self) -> None:
        self.data = bytearray()

    def feed(self, data: bytes) -> int:
        self.data += data
        return len(data)

    def end(self) -> None:
        pass

    def abandon(self) -> None:
        pass


class FileSink:
    """Writes to a descriptor that it owns and that always takes bytes: a regular file, or the terminal of a command line tool."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def feed(self, data: bytes) -> int:
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]
        return len(data)

    def end(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def abandon(self) -> None:
        self.end()


class PipeSink:
    """The writing end of a pipe whose reading end the user has. What does not fit waits here, at most one window."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self.fd = fd
        self.pending = bytearray()
        self._ended = False

    def feed(self, data: bytes) -> int:
        if self.fd < 0:
            return len(
                data
            )  # the user closed its end: the program goes on, into the void
        self.pending += data
        return self.drain()

    def drain(self) -> int:
        """Write what the pipe takes; returns how much left our hands."""
        done = 0
        try:
            while self.pending:
                # By chunks: a slice of all that is pending would copy it once per call.
                written = os.write(self.fd, self.pending[:WINDOW])
                del self.pending[:written]
                done += written
        except BlockingIOError:
            return done
        except BrokenPipeError:
            done += len(self.pending)
            self.pending.clear()
            self._close()
        if self._ended:
            self._close()
        return done

    def end(self) -> None:
        self._ended = True
        if not self.pending:
            self._close()

    def abandon(self) -> None:
        """Nobody will drain it any more: its reader must see the end now rather than wait for ever."""
        self.pending.clear()
        self._close()

    def _close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


class MemorySource:
    fd = -1

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)

    def take(self, room: int) -> bytes:
        chunk, self._data = self._data[:room], self._data[room:]
        return bytes(chunk)

    def close(self) -> None:
        self._data = memoryview(b"")


class PipeSource:
    """The reading end of a pipe whose writing end the user has."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self.fd = fd

    def take(self, room: int) -> bytes | None:
        """Bytes; b"" at the end; None when there is nothing now."""
        if self.fd < 0:
            return b""
        try:
            return os.read(self.fd, room)
        except BlockingIOError:
            return None

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


Source = MemorySource | PipeSource
