"""MicroPython itself for Xtensa (boards/XTENSA), run by qemu: scripts, device .mpy files, the loadable module."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from _build_common import BUILD, ROOT, BuildError, make

from . import XtensaError, toolchain
from .compiler import RUNTIME
from .toolchain import Toolchain

BOARD = ROOT / "boards" / "XTENSA"
STAND_INS = BOARD / "modules"
NATIVE = ROOT / "firmware" / "native"
OUT = BUILD / "xtensa" / "interpreter"
HEAP = "200k"  # about what a board leaves
TIMEOUT_S = 300


@dataclass(frozen=True)
class Interpreter:
    toolchain: Toolchain
    program: Path
    mpy: Path  # the device's modules as .mpy, in the repository's folders; made by modules.py

    def command(self, *arguments: str, heap: str = HEAP) -> list[str]:
        return [*self.toolchain.qemu, str(self.program), "-X", f"heapsize={heap}", *arguments]

    def environment(self, *folders: Path) -> dict[str, str]:
        """With a path of imports on which a board's modules are, behind `folders`."""
        path = [*folders, self.mpy / "firmware", self.mpy / "shared", STAND_INS]
        return {**os.environ, "MICROPYPATH": ":".join(map(str, path))}

    def run(
        self,
        script: Path,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        heap: str = HEAP,
    ) -> str:
        """What a script prints; XtensaError when it does not end well."""
        done = started(self.command(str(script), *arguments, heap=heap), environment or self.environment())
        if done.returncode != 0:
            raise XtensaError(f"{script.name} on Xtensa ended with {done.returncode}:\n{done.stdout}")
        return done.stdout


def started(command: Sequence[str], environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A run that has ended; all it printed is in its stdout."""
    return subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=TIMEOUT_S,
        check=False,
    )


def build(tools: Toolchain, micropython: Path) -> Path:
    """The interpreter, made anew where one of its sources has changed. Call it within toolchain.exclusive()."""
    program, stamp = OUT / "micropython", OUT / "stamp"
    wanted = _digest(micropython)
    if program.exists() and stamp.exists() and stamp.read_text() == wanted:
        return program
    _discard_stale_objects(micropython)
    stamp.unlink(missing_ok=True)
    print("Building MicroPython for Xtensa (a minute, the first time) ...", flush=True)
    library = BUILD / "no-micropython-lib"  # nothing of micropython-lib is used; make only wants its README to exist
    library.mkdir(parents=True, exist_ok=True)
    (library / "README.md").touch()
    settings = {
        "TOP": micropython,
        "BUILD": OUT,
        "CC": f"{sys.executable} -m xtensa.cc {tools.root}",
        "PYTHON": sys.executable,
        "RUNTIME": RUNTIME,
        "USER_C_MODULES": ROOT / "firmware",
        "MPY_LIB_DIR": library,
        "MICROPY_MPYCROSS": "mpy-cross-is-not-needed",
        "MICROPY_MPYCROSS_DEPENDENCY": "",
    }
    try:
        make(
            ROOT,
            "boards/XTENSA",
            *[f"{name}={value}" for name, value in settings.items()],
            env={"PYTHONPATH": str(ROOT / "tools"), "PYTHONDONTWRITEBYTECODE": "1"},
        )
    except BuildError as error:
        raise XtensaError(str(error)) from error
    stamp.write_text(wanted)
    return program


def _sources() -> list[Path]:
    folders = (BOARD, NATIVE, RUNTIME)
    suffixes = {".c", ".h", ".S", ".ld", ".mk"}
    found = [path for folder in folders for path in folder.glob("*") if path.suffix in suffixes]
    return sorted([*found, BOARD / "Makefile"])


def _digest(micropython: Path) -> str:
    digest = hashlib.sha256(_identity(micropython).encode())
    for path in [*_sources(), micropython / "py" / "emitnative.c"]:
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _identity(micropython: Path) -> str:
    """What no object survives a change of: the tree and our compiler driver."""
    driver = hashlib.sha256(b"".join((Path(__file__).parent / name).read_bytes() for name in ("cc.py", "ir.py")))
    return f"{micropython} {driver.hexdigest()}\n"


def _discard_stale_objects(micropython: Path) -> None:
    """Remove what make, which looks at times only, would wrongly keep."""
    known = OUT / "identity"
    identity = _identity(micropython)
    files = "\n".join(path.name for path in _sources())
    told = known.read_text() if known.exists() else ""
    if not told.startswith(identity):
        shutil.rmtree(OUT, ignore_errors=True)
    elif told != identity + files:  # a file that joins with an old date would never be scanned for its names
        (OUT / "genhdr" / "qstr.i.last").unlink(missing_ok=True)
    OUT.mkdir(parents=True, exist_ok=True)
    known.write_text(identity + files)


def ensure(build_folder: Path = BUILD) -> Interpreter:
    """Fetch the tools, build the interpreter and the device's modules, as far as they are out of date.

    Raises ToolchainUnavailable where the tools cannot be had, XtensaError where something does not compile.
    """
    from . import modules, products

    tree = products.micropython_tree()
    mpy_cross = modules.mpy_cross()
    with toolchain.exclusive(build_folder):
        tools = toolchain.ensure(build_folder)
        program = build(tools, tree)
        mpy = modules.ensure(mpy_cross, build_folder / "xtensa" / "mpy")
    return Interpreter(tools, program, mpy)
