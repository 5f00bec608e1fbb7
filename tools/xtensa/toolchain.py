"""clang, LLVM, binutils and qemu for Xtensa, from Debian's release "trixie", in a folder of their own.

They are newer than the machine may be, so each dynamic tool is started by the C library's loader that came with it.
"""

import fcntl
import hashlib
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from trixie import PrivateApt, TrixieError

from . import ToolchainUnavailable, XtensaError

LLVM = "usr/lib/llvm-22"
CLANG_HEADERS = f"{LLVM}/lib/clang/22/include"
C_HEADERS = "usr/lib/xtensa-lx106-elf/include"
PACKAGES = (
    # the tools
    "clang-22",
    "llvm-22",
    "binutils-xtensa-lx106",  # its assembler knows another Xtensa; its linker serves all of them
    "qemu-user",
    # headers: of the compiler and of a C library
    "libclang-common-22-dev",
    "picolibc-xtensa-lx106-elf",
    # the libraries they run on
    "libc6",
    "libclang-cpp22",
    "libedit2",
    "libffi8",
    "libgcc-s1",
    "libllvm22",
    "libstdc++6",
    "libtinfo6",
    "libxml2",
    "libz3-4",
    "libzstd1",
    "zlib1g",
    # what those stand on
    "libbsd0",
    "liblzma5",
    "libmd0",
)
# More than half of the 850 MB: other emulated machines, other tools, paper.
LEAVE_OUT = (
    "./usr/bin/qemu-[!x]*",
    "./usr/bin/qemu-x86_64",
    "./usr/share",
    "./usr/lib/xtensa-lx106-elf/lib",
    f"./{LLVM}/bin/llvm-exegesis",
)


class Toolchain:
    """The unpacked tree; every method that starts a tool raises XtensaError with what the tool said."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._loader = [str(self._only("usr/lib*/ld-linux-*.so.*")), "--library-path"]
        self._loader.append(str(self._only("usr/lib/*-linux-gnu")))

    @property
    def root(self) -> Path:
        return self._root

    @property
    def qemu(self) -> list[str]:
        """The emulator (a static program) with its one core that has windows, float and a 32-bit divider."""
        return [str(self._root / "usr/bin/qemu-xtensa"), "-cpu", "de233_fpu"]

    @property
    def system_headers(self) -> list[str]:
        folders = [str(self._root / folder) for folder in (CLANG_HEADERS, C_HEADERS)]
        return ["-nostdinc", "-isystem", folders[0], "-isystem", folders[1]]

    def llvm(self, tool: str, *arguments: object) -> str:
        return self._run(self._root / LLVM / "bin" / tool, arguments)

    def linker(self, *arguments: object) -> str:
        return self._run(self._root / "usr/bin/xtensa-lx106-elf-ld", arguments)

    def _run(self, tool: Path, arguments: Sequence[object]) -> str:
        command = [*self._loader, str(tool), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise XtensaError(f"{tool.name} failed:\n{done.stderr.strip()}")
        return done.stdout

    def _only(self, pattern: str) -> Path:
        found = sorted(self._root.glob(pattern))
        if len(found) != 1:
            raise ToolchainUnavailable(f"The unpacked toolchain has {len(found)} of {pattern}, not one.")
        return found[0]


@contextmanager
def exclusive(build: Path) -> Iterator[None]:
    """One process at a time below build/xtensa; the lock goes with its process."""
    folder = build / "xtensa"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ensure(build: Path) -> Toolchain:
    """The toolchain below `build`, fetched if it is not there or its list of packages has changed.

    Call it within exclusive(). Raises ToolchainUnavailable when it cannot be fetched.
    """
    root = build / "xtensa" / "root"
    stamp = root / "stamp"
    wanted = hashlib.sha256("\n".join((*PACKAGES, *LEAVE_OUT)).encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        print("xtensa: fetching clang, binutils and qemu of Debian's trixie (150 MB, once)", flush=True)
        try:
            PrivateApt(build / "cache" / "trixie").unpack(PACKAGES, root, LEAVE_OUT)
        except TrixieError as error:
            raise ToolchainUnavailable(str(error)) from error
        stamp.write_text(wanted)
    return Toolchain(root)
