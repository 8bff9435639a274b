"""The frames of the control port, host side. The guest's side is guest/guest.h; a test compares the two."""

from __future__ import annotations

import enum
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .errors import VmSetupError

VERSION = 1
FRAME_MAX = 65536
# Bytes of one stream that may be under way before the receiver has said that it took some.
WINDOW = 65536

_HEADER = struct.Struct("<IHBB")
_SPAWN = struct.Struct("<IIIHH")
_SPAWN_PTY = 1
_U32 = struct.Struct("<I")


class Type(enum.IntEnum):
    SPAWN = 1
    DATA = 2
    CREDIT = 3
    KILL = 4
    CLOSE = 5
    POWEROFF = 6
    PING = 7
    HELLO = 16
    STARTED = 17
    FAILED = 18
    EXIT = 19
    PONG = 20


class Stream(enum.IntEnum):
    STDIN = 0
    STDOUT = 1
    STDERR = 2


@dataclass(frozen=True)
class Frame:
    type: int
    channel: int = 0
    stream: int = 0
    body: bytes = b""

    def u32(self) -> int:
        return int(_U32.unpack(self.body)[0])


def encode(frame: Frame) -> bytes:
    if len(frame.body) > FRAME_MAX:
        raise VmSetupError(
            f"a frame of {len(frame.body)} bytes is more than the {FRAME_MAX} the guest takes"
        )
    return (
        _HEADER.pack(len(frame.body), frame.channel, frame.type, frame.stream)
        + frame.body
    )


def u32_body(value: int) -> bytes:
    return _U32.pack(value)


def spawn_body(
    argv: Sequence[str],
    env: Mapping[str, str],
    cwd: str,
    terminal: tuple[int, int] | None,
) -> bytes:
    words = [cwd, *argv, *(f"{name}={value}" for name, value in env.items())]
    if any("\0" in word for word in words):
        raise ValueError("a NUL byte in a command line")
    rows, columns = terminal or (0, 0)
    head = _SPAWN.pack(
        _SPAWN_PTY if terminal else 0, len(argv), len(env), rows, columns
    )
    return head + b"".join(
        word.encode("utf-8", "surrogateescape") + b"\0" for word in words
    )


class Parser:
    """Bytes as they arrive in, complete frames out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        self._buffer += data
        frames = []
        while len(self._buffer) >= _HEADER.size:
            length, channel, kind, stream = _HEADER.unpack_from(self._buffer)
            if length > FRAME_MAX:
                raise ValueError(f"the guest sent a frame of {length} bytes")
            end = _HEADER.size + length
            if len(self._buffer) < end:
                break
            frames.append(
                Frame(kind, channel, stream, bytes(self._buffer[_HEADER.size : end]))
            )
            del self._buffer[:end]
        return frames
