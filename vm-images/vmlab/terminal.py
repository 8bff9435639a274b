"""The terminal side of the command line: join this process's stdin and stdout with a program in the guest."""

from __future__ import annotations

import contextlib
import os
import sys
import termios
import threading
import tty
from collections.abc import Iterator

from .channel import Channel
from .vm import Vm


def attach(channel: Channel) -> int:
    """Copy both ways until the program ends; returns its exit status as a shell would say it."""
    threading.Thread(target=_copy_in, args=(channel,), daemon=True).start()
    while data := os.read(channel.stdout.fileno(), 65536):
        view = memoryview(data)
        while view:
            view = view[os.write(1, view) :]
    code = channel.wait()
    return 128 - code if code < 0 else code


def _copy_in(channel: Channel) -> None:
    fd = channel.stdin.fileno()
    with contextlib.suppress(OSError):  # the program or the machine ended first
        while data := os.read(0, 65536):
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
        channel.stdin.close()


@contextlib.contextmanager
def raw_terminal() -> Iterator[None]:
    saved = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, saved)


def shell(vm: Vm, folder: str = "/root") -> int:
    size = os.get_terminal_size(0)
    print(f"{vm.name}: {vm.release}; exit ends the machine\r", file=sys.stderr)
    term = os.environ.get("TERM", "linux")
    with vm.spawn(
        ["bash", "-l"],
        env={"TERM": term},
        cwd=folder,
        terminal=(size.lines, size.columns),
    ) as channel:
        with raw_terminal():
            return attach(channel)
