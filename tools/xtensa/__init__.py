"""The firmware's C and Python as Xtensa machine code, on a machine that is none: `python -m xtensa`.

toolchain   clang, binutils and qemu from Debian's trixie, unpacked beside the build
compiler    C -> LLVM IR -> assembly -> object -> program; cc is the same as a compiler driver for makefiles
emulator    run a program under qemu, count what it executes
kernels     the plain C of firmware/native, compiled for the host and for Xtensa, compared and counted
natmod      the same kernels as a loadable MicroPython module
modules     every device .py through mpy-cross
interpreter MicroPython itself (boards/XTENSA), which runs those .mpy files and the module
upstream    MicroPython's own tests on it; dual: ours
counting    instructions of frames, kernels, datagrams; figures: their keys and budget; report: as tables
"""


class XtensaError(Exception):
    """A step failed; the message says which and shows what the tool said."""


class ToolchainUnavailable(XtensaError):
    """The compiler or the emulator cannot be had on this machine; the message is one sentence."""
