"""Run a program under qemu-xtensa and count the instructions it executes."""

import os
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from _build_common import BUILD

from . import ToolchainUnavailable, XtensaError
from .toolchain import Toolchain

TIMEOUT_S = 120
# What count_trace.c reads.
TRACE_FLAGS = ["-d", "nochain,exec,in_asm"]
COUNTER = Path(__file__).parent / "count_trace.c"


def run(toolchain: Toolchain, program: Path, arguments: Sequence[str] = (), stdin: bytes = b"") -> str:
    """What the program prints; XtensaError when it fails."""
    command = [*toolchain.qemu, str(program), *arguments]
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise XtensaError(f"{program.name} was still running after {TIMEOUT_S} s.") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise XtensaError(f"{' '.join([program.name, *arguments])} ended with {done.returncode}. {said}")
    return done.stdout.decode()


def counter() -> Path:
    """The program that counts, built for this machine where it is out of date."""
    program = BUILD / "xtensa" / "count_trace"
    if program.exists() and program.stat().st_mtime >= COUNTER.stat().st_mtime:
        return program
    program.parent.mkdir(parents=True, exist_ok=True)
    partial = program.with_suffix(f".{os.getpid()}")
    try:
        command = ["cc", "-O2", "-o", str(partial), str(COUNTER)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ToolchainUnavailable("This machine has no cc to build the instruction counter with.") from None
    if done.returncode != 0:
        raise XtensaError(f"{COUNTER.name} does not compile:\n{done.stderr.strip()}")
    partial.replace(program)
    return program


def parsed(counted: str) -> list[Counter[str]]:
    """Of the counter's output, each stretch's instructions by function."""
    stretches: list[Counter[str]] = []
    for line in counted.splitlines():
        number, name = line.split(" ", 1)
        if number == "=":
            stretches.append(Counter())
        else:
            stretches[-1][name] += int(number)
    return stretches


def instructions(toolchain: Toolchain, program: Path, arguments: Sequence[str] = ()) -> Counter[str]:
    """Executed instructions per function (symbol), start-up included.

    A block interrupted by a register window's overflow or underflow starts again and is counted twice; the spilling
    itself is done by the emulator and is not counted (on the chip it is some 20 instructions per spilled frame).
    """
    command = [*toolchain.qemu, *TRACE_FLAGS, str(program), *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        done = subprocess.run([str(counter())], stdin=process.stderr, capture_output=True, text=True, check=True)
    if process.returncode != 0:
        raise XtensaError(f"{program.name} {' '.join(arguments)} ended with {process.returncode} while being counted.")
    return parsed(done.stdout)[0]
