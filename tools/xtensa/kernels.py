"""The plain C kernels of firmware/native as two programs, one for this machine and one for Xtensa.

Both are made of the same test driver (tests/xtensa/kernels.c), the same kernels and the same elementary functions
(MicroPython's lib/libm), so they must print the same lines.
"""

import platform
import re
import subprocess
from pathlib import Path

from . import ToolchainUnavailable, XtensaError, emulator
from .compiler import Compiler
from .toolchain import Toolchain

ROOT = Path(__file__).resolve().parents[2]
NATIVE = ROOT / "firmware" / "native"
DRIVER = ROOT / "tests" / "xtensa" / "kernels.c"
TESTED = ("analysis", "snapshot")  # by the driver; the others need a port beside them, so they are compiled only
SECTIONS = ("arithmetic", "elementary", "memory", "analysis", "refusals", "snapshot")
LIBM = ("math", "ef_sqrt", "sf_sin", "sf_cos", "kf_sin", "kf_cos", "ef_rem_pio2", "kf_rem_pio2")
LIBM_FLAGS = ("-Wno-unused-parameter", "-Wno-sign-compare", "-Wno-unknown-pragmas", "-Wno-unused-but-set-variable")

# A kernel is plain when all it includes is C's own headers and other plain files.
C_HEADERS = {"float.h", "limits.h", "math.h", "stdalign.h", "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h"}
C_HEADERS |= {"string.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)

# One float operation after the other, rounded to float32 each time, as on Xtensa: no fused multiply-add, not the
# 80-bit registers of old x86, and no libm but MicroPython's (-lm is not linked).
HOST_FLAGS = ["-std=gnu11", "-O2", "-ffp-contract=off"]
HOST_FLAGS += [f"-fno-builtin-{function}" for function in ("cosf", "expf", "powf", "sinf")]
if platform.machine() in ("x86_64", "i386", "i686"):
    HOST_FLAGS += ["-msse2", "-mfpmath=sse"]

HOP_RATE, HOP_SIZE = 16000, 128
CORE_HZ = 240_000_000
CYCLES_PER_INSTRUCTION = 1.3  # what straight C takes on an LX7 running from cache; DESIGN.md's convention
# Bins are measured every 1, 2 or 4 hops, so only whole fours are an average; the first ones fill the history.
HOPS_BEFORE, HOPS_COUNTED = 8, 16


def plain_sources() -> list[Path]:
    return [source for source in sorted(NATIVE.glob("*.c")) if is_plain(source)]


def is_plain(source: Path) -> bool:
    for name in INCLUDE.findall(source.read_text()):
        sibling = source.parent / name
        if name not in C_HEADERS and not (sibling.exists() and is_plain(sibling)):
            return False
    return True


def libm_sources(micropython: Path) -> list[Path]:
    return [micropython / "lib" / "libm" / f"{name}.c" for name in LIBM]


def build_host(out: Path, micropython: Path) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    objects = []
    for source in [*plain_sources(), *libm_sources(micropython)]:
        target = out / f"{source.stem}.o"
        _host("cc", *HOST_FLAGS, "-w" if source.parent != NATIVE else "-Wall", "-c", "-o", target, source)
        objects.append(target)
    library = out / "libkernels.a"
    library.unlink(missing_ok=True)
    _host("ar", "rcs", library, *objects)
    program = out / "kernels"
    _host("cc", *HOST_FLAGS, "-I", NATIVE, "-o", program, DRIVER, library)
    return program


def libraries(compiler: Compiler, micropython: Path) -> list[Path]:
    """The kernels and what they need of libm, for programs for Xtensa."""
    kernels = compiler.objects(plain_sources())
    mathematics = compiler.objects(libm_sources(micropython), LIBM_FLAGS)
    return [compiler.archive("kernels", kernels), compiler.archive("libm", mathematics)]


def compare(section: str, host: Path, xtensa: Path, toolchain: Toolchain) -> int:
    """The number of equal lines; XtensaError shows the first pair that differs."""
    expected = _host(host, section).splitlines()
    seen = emulator.run(toolchain, xtensa, [section]).splitlines()
    for number, (there, here) in enumerate(zip(seen, expected, strict=False), 1):
        if there != here:
            raise XtensaError(f"{section}: line {number} differs\n  host    {here}\n  xtensa  {there}")
    if len(seen) != len(expected) or not seen:
        raise XtensaError(f"{section}: {len(seen)} lines on Xtensa, {len(expected)} on the host")
    return len(seen)


def hop_instructions(program: Path, toolchain: Toolchain) -> dict[str, float]:
    """Instructions per audio hop by function, from two runs of different length: start-up cancels."""
    short = emulator.instructions(toolchain, program, ["hops", str(HOPS_BEFORE)])
    long = emulator.instructions(toolchain, program, ["hops", str(HOPS_BEFORE + HOPS_COUNTED)])
    counts = {symbol: (long[symbol] - short[symbol]) / HOPS_COUNTED for symbol in long}
    return {symbol: count for symbol, count in counts.items() if count > 0}


def hop_core_share(per_hop: float) -> float:
    return per_hop * CYCLES_PER_INSTRUCTION * HOP_RATE / HOP_SIZE / CORE_HZ


def _host(*command: object) -> str:
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ToolchainUnavailable(f"This machine has no {command[0]} to build the host's side with.") from None
    if done.returncode != 0:
        raise XtensaError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr.strip()}")
    return done.stdout
