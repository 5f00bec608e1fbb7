"""Run a program under qemu-xtensa and count the instructions it executes."""

import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from . import XtensaError
from .toolchain import Toolchain

TIMEOUT_S = 120
# in_asm lists each block of code when it is translated, exec has a line for each time a block is entered:
#   IN: measure
#   0x00010968:  addi  a13, a11, 1            one line per instruction
#   Trace 0: 0x7f38c0000640 [00000000/0000000000010968/000dbfd3/00000200] measure
# That is exact, and a tenth of the lines that one block per instruction would make.
TRACE_FLAGS = ["-d", "nochain,exec,in_asm"]


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


def instructions(toolchain: Toolchain, program: Path, arguments: Sequence[str] = ()) -> Counter[str]:
    """Executed instructions per function (symbol), start-up included.

    A block interrupted by a register window's overflow or underflow starts again and is counted twice; the spilling
    itself is done by the emulator and is not counted (on the chip it is some 20 instructions per spilled frame).
    """
    command = [*toolchain.qemu, *TRACE_FLAGS, str(program), *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        counts = count_trace(process.stderr)
    if process.returncode != 0:
        raise XtensaError(f"{program.name} {' '.join(arguments)} ended with {process.returncode} while being counted.")
    return counts


def count_trace(trace: Iterable[bytes]) -> Counter[str]:
    """Instructions per symbol from qemu's log."""
    entered: Counter[tuple[bytes, bytes]] = Counter()  # times by (translated block's address in qemu, symbol)
    lengths: dict[bytes, int] = {}
    counts: Counter[str] = Counter()
    listed = 0  # instructions of the block listed last; it is entered next
    for line in trace:
        if line.startswith(b"Trace "):
            block = line[9 : line.index(b" [")]
            if listed:
                if lengths.get(block, listed) != listed:  # qemu has emptied its cache and uses the address anew
                    _settle(entered, lengths, counts)
                lengths[block] = listed
                listed = 0
            entered[block, line[line.rindex(b"]") + 2 : -1]] += 1
        elif line.startswith(b"0x"):
            listed += 1
        elif line.startswith(b"IN:"):
            listed = 0
    _settle(entered, lengths, counts)
    return counts


def _settle(entered: Counter[tuple[bytes, bytes]], lengths: dict[bytes, int], counts: Counter[str]) -> None:
    for (block, symbol), times in entered.items():
        counts[symbol.decode()] += times * lengths[block]
    entered.clear()
