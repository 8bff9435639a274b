"""Engines made of a few lines of shell, to be killed in the middle. $1: pid, $2: image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sabotage import outcome

from harness.engines.base import Engine, Outcome


@dataclass(frozen=True)
class Planted:
    text: str
    reason: str  # empty: an honest one
    mode: str = "engine"
    leave_running: bool = True
    program: str = "two_files"
    loops: bool = False
    over: bool = False  # there is an older image
    tmpfile: bool = True  # the file system has files without a name


# All are killed when they have made the file $3, in the middle of a long sleep; or have ended.
MARKER = "acted"
SCRIPTS = {
    "honest, killed before its commit": Planted(': > "$3"; exec sleep 60', ""),
    "honest, killed after its commit": Planted(
        'echo whole > "$2"; : > "$3"; exec sleep 60', ""
    ),
    "honest, ended in time": Planted('echo whole > "$2"', ""),
    "failed in time": Planted("echo the disk is full >&2; exit 1", "the disk is full"),
    "honest group": Planted('sleep 60 & : > "$3"; wait', "", mode="group"),
    "half an image": Planted(
        'printf who > "$2"; : > "$3"; exec sleep 60', "a bad image"
    ),
    "partial file": Planted(
        'touch "$2.partial"; : > "$3"; exec sleep 60', "litter beside the image"
    ),
    "killed the tree too early": Planted(
        'kill -9 $1; : > "$3"; exec sleep 60', "is gone"
    ),
    "killed the tree it was to leave": Planted(
        'echo whole > "$2"; kill -9 $1; : > "$3"; exec sleep 60', "is gone"
    ),
    "stopped the tree": Planted('kill -STOP $1; : > "$3"; exec sleep 60', "state: 'S"),
    "helper stays": Planted(
        'setsid sleep 60 & : > "$3"; exec sleep 60', "processes of the engine stay"
    ),
    "hangs without its guardian": Planted(
        'sleep 60 & : > "$3"; exec tail -f /dev/null', "hangs", mode="guardian"
    ),
    "half a tree": Planted(
        'echo whole > "$2"; kill -9 $1; : > "$3"; exec sleep 60',
        "of its tree",
        leave_running=False,
    ),
    "honest with a program at work": Planted(
        ': > "$3"; exec sleep 60', "", program="growing_child", loops=True
    ),
    # The child of the program at work maps what an agent would need, and keeps it.
    "forgot its agent in a child at work": Planted(
        'set -- "$@" $(cat /proc/$1/task/$1/children); kill -USR1 $4; until grep -q " rwxp " /proc/$4/maps;'
        ' do sleep 0.01; done; : > "$3"; exec sleep 60',
        "code that is from no file was left behind",
        program="growing_child",
        loops=True,
    ),
}

# Engines that bring an image into the world by themselves, to be killed at each of their calls. $2 is the image.
HEAD = """
import os, sys
image = sys.argv[2]
def unnamed():
    return os.open(os.path.dirname(image), os.O_TMPFILE | os.O_RDWR)
def name(fd, path):
    # A folder's descriptor, though the path is absolute: without one Python does not follow the link.
    os.link(f"/proc/self/fd/{fd}", path, src_dir_fd=fd, follow_symlinks=True)
aside = os.path.join(os.path.dirname(image), ".aside")
def named_aside():
    if os.path.exists(aside): os.unlink(aside)
    return os.open(aside, os.O_CREAT | os.O_EXCL | os.O_RDWR)
def fill(fd):
    os.write(fd, b"whole\\n"); os.fsync(fd)
def done():
    os.write(1, b"done")
"""
WRITERS = {
    "honest": Planted(
        "fd = unnamed(); os.write(fd, b'who'); os.write(fd, b'le\\n'); os.fsync(fd); name(fd, image); os.write(1, b'done')",
        "",
    ),
    "named before it is whole": Planted(
        "fd = unnamed(); os.write(fd, b'who'); name(fd, image); os.write(fd, b'le\\n'); os.fsync(fd)",
        "a bad image",
    ),
    "named aside before its real name": Planted(
        "fd = unnamed(); os.write(fd, b'whole\\n'); os.fsync(fd); name(fd, image + '.new'); os.rename(image + '.new', image)",
        "litter beside the image",
    ),
    "never synced": Planted(
        "fd = unnamed(); os.write(fd, b'whole\\n'); name(fd, image); os.write(1, b'done')",
        "never killed at fsync or fdatasync",
    ),
    "never named": Planted(
        "open(image, 'x').close(); fd = os.open(image, os.O_RDWR); os.truncate(fd, 0); os.fsync(fd)",
        "a bad image",
    ),
    "nothing after the name": Planted(
        "fd = unnamed(); os.write(fd, b'whole\\n'); os.fsync(fd); name(fd, image)",
        "no kill came after the commit",
    ),
    "no image at all": Planted("pass", "there is no 1"),
    "fails by itself": Planted("sys.exit('the disk is full')", "the disk is full"),
    "honest over an older one": Planted(
        """
if os.path.exists(aside): os.unlink(aside)
fd = unnamed(); fill(fd); name(fd, aside); os.rename(aside, image); done()
""",
        "",
        over=True,
    ),
    "removes the older one before": Planted(
        """
fd = unnamed(); fill(fd)
if os.path.exists(image): os.unlink(image)
name(fd, image); done()
""",
        "neither the old nor the new",
        over=True,
    ),
    "writes into the older one": Planted(
        "fd = os.open(image, os.O_CREAT | os.O_TRUNC | os.O_RDWR); fill(fd); done()",
        "a bad image",
        over=True,
    ),
    "leaves the older one": Planted(
        "fd = unnamed(); fill(fd); os.path.exists(image) or name(fd, image); done()",
        "is the old one",
        over=True,
    ),
    "a temporary in sight": Planted(
        "fd = unnamed(); fill(fd); name(fd, image + '.new'); os.rename(image + '.new', image); done()",
        "litter beside the image",
        over=True,
    ),
    "a temporary for ever": Planted(
        "fd = unnamed(); fill(fd); aside += str(os.getpid()); name(fd, aside); os.rename(aside, image); done()",
        "litter beside the image",
        over=True,
    ),
    "honest without unnamed files": Planted(
        "fill(named_aside()); os.rename(aside, image); done()", "", tmpfile=False
    ),
    "honest without them, over an older one": Planted(
        "fill(named_aside()); os.rename(aside, image); done()",
        "",
        over=True,
        tmpfile=False,
    ),
    "knows unnamed files only": Planted(
        "fd = unnamed(); fill(fd); name(fd, image); done()",
        "Operation not supported",
        tmpfile=False,
    ),
    "renamed before it is whole": Planted(
        "fd = named_aside(); os.rename(aside, image); fill(fd); done()",
        "a bad image",
        tmpfile=False,
    ),
}


class Script(Engine):
    def dump_argv(self, pid: int, image: Path, leave_running: bool) -> list[str]:
        marker = self.surroundings.temporary.parent / MARKER
        argv = ["/bin/sh", "-c", self.options["script"], "engine"]
        return [*argv, str(pid), str(image), str(marker)]

    def verify(self, image: Path) -> Outcome:
        return outcome(0 if image.read_text() == "whole\n" else 4)


class Writer(Script):
    def dump_argv(self, pid: int, image: Path, leave_running: bool) -> list[str]:
        script = HEAD + self.options["script"]
        return ["/usr/bin/python3", "-ISc", script, str(pid), str(image)]
