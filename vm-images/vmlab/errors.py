"""The three ways in which a virtual machine can let its user down; none of them is a failure of the test that ran in it."""


class VmlabError(Exception):
    """Base of everything this package raises on purpose."""


class VmSetupError(VmlabError):
    """The machine cannot be made: a tool, a package or a resource of the host is missing."""


class KernelMissing(VmSetupError):
    """A kernel of the lock file cannot be had. The message names the kernel; a cell on it is an error, never a gap."""


class VmLost(VmlabError):
    """The machine was running and is gone (panic, deadline, QEMU killed). What ran inside must be run again."""
