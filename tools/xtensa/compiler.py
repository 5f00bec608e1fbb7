"""C to Xtensa objects and programs: clang to LLVM IR, llc to assembly, llvm-mc to an object, GNU ld to a program.

clang itself knows no Xtensa processor by name, llc does; hence the detour over IR, which also lets a loadable module
be linked as IR (natmod.py).
"""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .ir import mended
from .toolchain import Toolchain

RUNTIME = Path(__file__).parent / "runtime"
# a * b + c stays two rounded operations, so that results can equal the host's bit for bit. Espressif's GCC would fuse
# them into one instruction, which LLVM 22 cannot emit anyway: its counts are on the high side.
C_FLAGS = (
    "--target=xtensa",
    "-std=gnu11",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fno-pic",
    "-fno-common",
    "-fomit-frame-pointer",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-builtin-powf",  # powf(2, x) would become exp2f(x), which MicroPython's libm has not
)
# The emulated core has no MULUH; the ESP32-S3 has, so 64-bit products are a little dearer here than there.
CODE_FLAGS = ("-mtriple=xtensa", "-mcpu=esp32", "-mattr=-mul32high", "-relocation-model=static", "-O2")
MACHINE_FLAGS = ("-triple=xtensa", "-mcpu=esp32", "-filetype=obj")
# Else the compiler would make a loop in memset a call of memset.
RUNTIME_FLAGS = ("-fno-builtin",)
# One segment that is written and executed is what an emulator wants; GNU ld would warn about it.
LINK_FLAGS = ("--no-relax", "--omagic", "-z", "noexecstack", "--no-warn-rwx-segments")
# l32r reads words: without this the assembler would put the literals anywhere.
ALIGNED_LITERALS = '\t.section .literal, "ax", @progbits\n\t.p2align 2\n\t.text\n'


class Compiler:
    """Compiles into one folder; names of outputs follow the sources', so these must differ."""

    def __init__(self, toolchain: Toolchain, out: Path) -> None:
        self.toolchain = toolchain
        self.out = out
        out.mkdir(parents=True, exist_ok=True)

    def intermediate(self, source: Path, flags: Sequence[str] = ()) -> Path:
        """One C file as LLVM IR."""
        target = self.out / f"{source.stem}.ll"
        headers = self.toolchain.system_headers
        self.toolchain.llvm("clang", *C_FLAGS, *headers, *flags, "-S", "-emit-llvm", "-o", target, source)
        target.write_text(mended(target.read_text()))
        return target

    def assembly(self, intermediate: Path) -> Path:
        target = intermediate.with_suffix(".s")
        self.toolchain.llvm("llc", *CODE_FLAGS, "-o", target, intermediate)
        target.write_text(ALIGNED_LITERALS + target.read_text())
        return target

    def assemble(self, assembly: Path) -> Path:
        target = self.out / f"{assembly.stem}.o"
        self.toolchain.llvm("llvm-mc", *MACHINE_FLAGS, "-o", target, assembly)
        return target

    def object(self, source: Path, flags: Sequence[str] = ()) -> Path:
        return self.assemble(self.assembly(self.intermediate(source, flags)))

    def intermediates(self, sources: Iterable[Path], flags: Sequence[str] = ()) -> list[Path]:
        """Several C files at a time, in their order."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(lambda source: self.intermediate(source, flags), sources))

    def objects(self, sources: Iterable[Path], flags: Sequence[str] = ()) -> list[Path]:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(lambda source: self.object(source, flags), sources))

    def archive(self, name: str, objects: Iterable[Path]) -> Path:
        """A library: a program takes from it only what it needs."""
        target = self.out / f"lib{name}.a"
        target.unlink(missing_ok=True)
        self.toolchain.llvm("llvm-ar", "rcs", target, *objects)
        return target

    def program(self, name: str, objects: Iterable[Path], libraries: Iterable[Path]) -> Path:
        """A program for qemu: our start-up, the objects, and of the libraries what they use."""
        target = self.out / name
        start = self.assemble(RUNTIME / "start.S")
        support = self.archive("runtime", self.objects(runtime_sources(), RUNTIME_FLAGS))
        inputs = [start, *objects, "--start-group", *libraries, support, "--end-group"]
        self.toolchain.linker(*LINK_FLAGS, "-T", RUNTIME / "program.ld", "-o", target, *inputs)
        return target


def runtime_sources() -> list[Path]:
    """What the compiler expects to find in every program: memory functions, float and 64-bit division."""
    return sorted(RUNTIME.glob("*.c"))
