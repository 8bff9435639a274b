"""Virtual machines of the matrix: Debian's kernels as data, one root image, and programs run inside."""

from .channel import Channel
from .errors import KernelMissing, VmlabError, VmLost, VmSetupError
from .own_kernel import is_own
from .recipes import LockedKernel
from .recipes import lacks_of
from .recipes import locked_kernels as kernels
from .recipes import reference
from .vm import Vm

__all__ = [
    "Channel",
    "KernelMissing",
    "LockedKernel",
    "Vm",
    "VmLost",
    "VmSetupError",
    "VmlabError",
    "is_own",
    "kernels",
    "lacks_of",
    "reference",
]
