"""`python3 -m vmlab`: see what kernels there are, keep the lock files fresh, and run something in one of them."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from . import (
    accel,
    features,
    initrd,
    kernel,
    mirror,
    recipes,
    resolve,
    rootfs,
    stand_in,
    terminal,
)
from .errors import VmlabError, VmLost
from .vm import Vm

# Apart from what a program in the guest is likely to return.
_EXIT_SETUP = 125
_EXIT_LOST = 124


def _list(args: argparse.Namespace) -> int:
    """Ends with 1 when a kernel is wished for and cannot be had: who counts on the list must not take it for whole."""
    locked = {each.name: each for each in recipes.locked_kernels()}
    complete = True
    for wish in recipes.wishes_of(args.tier):
        if each := locked.get(wish.name):
            size = sum(package.size for package in each.packages) >> 20
            here = stand_in.in_use(each.packages)[0].version
            note = "" if here == each.version else f"  here {here} in its place"
            print(
                f"{each.name:<12} {each.abi:<34} {each.version:<14} {each.suite:<18} {size:>4} MB{note}"
            )
        else:
            complete = False
            print(
                f"{wish.name:<12} not resolved: run `python3 -m vmlab resolve {wish.name}`"
            )
    return 0 if complete else 1


def _resolve(args: argparse.Namespace) -> int:
    bases = mirror.of_this_machine()
    wishes = {wish.name: wish for wish in recipes.kernel_wishes()}
    if unknown := set(args.kernels) - set(wishes):
        raise VmlabError(
            f"kernels.toml has no {', '.join(sorted(unknown))} (it has {', '.join(wishes)})"
        )
    names = args.kernels or ([] if args.root is not None else list(wishes))
    known = (
        {each.name: each for each in recipes.locked_kernels()}
        if recipes.KERNELS_LOCK.exists()
        else {}
    )
    for name in names:
        known[name] = resolve.resolve_kernel(wishes[name], bases)
        print(f"{name}: {known[name].abi} {known[name].version}")
    if names:
        # In the order of the wishes; a kernel nobody wishes for any more leaves the lock.
        recipes.write_kernels([known[name] for name in wishes if name in known])
    if args.root is not None:
        layers = {
            layer.name: resolve.resolve_layer(layer, bases)
            for layer in recipes.all_layers()
            if layer.name in (args.root or [layer.name])
        }
        recipes.write_layers(layers)
        for name, packages in layers.items():
            print(
                f"{name}: {len(packages)} packages, {sum(package.size for package in packages) >> 20} MB"
            )
    return 0


def _chosen(args: argparse.Namespace) -> list[recipes.LockedKernel]:
    return [
        recipes.locked_kernel(name) for name in args.kernels
    ] or recipes.locked_kernels()


def _fetch(args: argparse.Namespace) -> int:
    for locked in _chosen(args):
        print(f"{locked.name}: {kernel.files_of(locked).vmlinuz}")
    return 0


def _build(args: argparse.Namespace) -> int:
    print(f"root: {rootfs.image(args.root)}")
    for locked in _chosen(args):
        print(f"{locked.name}: {initrd.base(kernel.files_of(locked))}")
    return 0


def _payload(text: str) -> tuple[Path, str]:
    host, colon, guest = text.rpartition(":")
    if not colon or not guest.startswith("/"):
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:/GUEST")
    return Path(host), guest


def _in_vm(args: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="vmlab-") as scratch:
        workdir = Path(args.workdir or scratch)
        with Vm.start(
            args.kernel,
            payload=args.payload,
            memory_mb=args.memory,
            cpus=args.cpus,
            workdir=workdir,
            deadline_s=args.deadline,
            root=args.root,
        ) as vm:
            if args.what is _shell:
                code = terminal.shell(vm)
            else:
                with vm.spawn(args.command, stderr=2) as channel:
                    code = terminal.attach(channel)
            for line in vm.console_problems():
                print(f"vmlab: console: {line}", file=sys.stderr)
            return code


def _shell(args: argparse.Namespace) -> int:
    if not sys.stdin.isatty():
        raise VmlabError("shell wants a terminal; use `run KERNEL -- COMMAND`")
    return _in_vm(args)


def _run(args: argparse.Namespace) -> int:
    if not args.command:
        raise VmlabError("run: no command (run KERNEL -- COMMAND ARGUMENTS)")
    return _in_vm(args)


def _accel(args: argparse.Namespace) -> int:
    print(accel.choose(args.kernel))
    return 0


def _features(args: argparse.Namespace) -> int:
    """Ends with 1 when a kernel has not what its record says."""
    as_recorded = True
    for locked in _chosen(args):
        with tempfile.TemporaryDirectory(prefix="vmlab-") as scratch:
            with Vm.start(locked.name, workdir=Path(scratch), deadline_s=600.0) as vm:
                found = features.probe(vm)
        told = features.changes(features.recorded(locked.name), found)
        there = sum(found.features.values())
        print(f"{locked.name}: {found.release} has {there} of {len(found.features)}")
        for line in told:
            print(f"  {line}")
        if args.write:
            features.write(locked.name, found)
        elif told:
            as_recorded = False
    return 0 if as_recorded else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vmlab", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, what: object, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(what=what)
        return command

    command = add("list", _list, "the kernels there are")
    command.add_argument("--tier", default="all", help="only those of this tier")
    command = add(
        "resolve",
        _resolve,
        "look for the newest complete builds on the mirror and write the lock files",
    )
    command.add_argument(
        "kernels", nargs="*", help="names from kernels.toml (default: all)"
    )
    command.add_argument(
        "--root",
        nargs="*",
        metavar="LAYER",
        help="the packages of these layers of the guests' roots, or of all",
    )
    for name, what, text in (
        ("fetch", _fetch, "download and unpack locked kernels"),
        ("build", _build, "make a root image and the initial RAM disks"),
    ):
        command = add(name, what, text)
        command.add_argument(
            "kernels", nargs="*", help="names from the lock file (default: all)"
        )
        if what is _build:
            command.add_argument("--root", default="", help="which userland")
    command = add(
        "features", _features, "probe kernels, and compare with their records"
    )
    command.add_argument(
        "kernels", nargs="*", help="names from the lock file (default: all)"
    )
    command.add_argument(
        "--write", action="store_true", help="make what is found the record"
    )
    add("accel", _accel, "say whether KVM works here").add_argument("kernel")
    for name, what, text in (
        ("shell", _shell, "a shell in the guest"),
        ("run", _run, "run a command, pass its status through"),
    ):
        command = add(name, what, text)
        command.add_argument("kernel")
        command.add_argument(
            "--payload",
            type=_payload,
            action="append",
            default=[],
            metavar="HOST:GUEST",
        )
        command.add_argument("--root", default="", help="which userland")
        command.add_argument("--memory", type=int, default=1024, metavar="MB")
        command.add_argument("--cpus", type=int, default=1)
        command.add_argument(
            "--deadline", type=float, default=3600.0, metavar="SECONDS"
        )
        command.add_argument(
            "--workdir", metavar="DIR", help="keep console.log and the rest there"
        )
        if name == "run":
            command.epilog = "the command to run follows after --"
    return parser


def main() -> int:
    # By hand: argparse would take the guest's options for its own.
    words = sys.argv[1:]
    cut = words.index("--") if "--" in words else len(words)
    args = _parser().parse_args(words[:cut])
    args.command = words[cut + 1 :]
    try:
        return int(args.what(args))
    except VmLost as lost:
        print(f"vmlab: machine lost: {lost}", file=sys.stderr)
        return _EXIT_LOST
    except (VmlabError, OSError) as wrong:
        print(f"vmlab: {wrong}", file=sys.stderr)
        return _EXIT_SETUP


if __name__ == "__main__":
    sys.exit(main())
