"""A C compiler driver in front of the tools: `python -m xtensa.cc TOOLCHAIN ...`, then as one would call gcc.

For makefiles that were written for GCC (MicroPython's): -E, -c and linking, one source at a time.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from . import XtensaError
from .compiler import CODE_FLAGS, LINK_FLAGS, MACHINE_FLAGS
from .ir import mended
from .toolchain import Toolchain

# Each object brings its own literals, right before its code: l32r reaches 256 KB backwards, and the interpreter is
# larger. The linker takes an object's sections in their order, and .text would always be the first.
CODE_SECTION = '\t.section .text.code, "ax", @progbits'
LITERAL_SECTION = '.literal.code, "ax", @progbits'
HEAD = f"\t.section {LITERAL_SECTION}\n\t.p2align 2\n{CODE_SECTION}\n"


def main(arguments: Sequence[str]) -> int:
    toolchain, rest = Toolchain(Path(arguments[0])), list(arguments[1:])
    try:
        if "-E" in rest:
            _preprocess(toolchain, rest)
        elif "-c" in rest:
            _compile(toolchain, rest)
        else:
            toolchain.linker(*LINK_FLAGS, *rest)
    except XtensaError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _preprocess(toolchain: Toolchain, arguments: list[str]) -> None:
    # One at a time: for several, clang would start itself, without the loader that our copy needs.
    sources = [argument for argument in arguments if argument.endswith(".c") or argument == "-"]
    flags = [argument for argument in arguments if argument not in sources]
    for source in sources:
        sys.stdout.write(toolchain.llvm("clang", "--target=xtensa", *toolchain.system_headers, *flags, source))


def _compile(toolchain: Toolchain, flags: list[str]) -> None:
    flags.remove("-c")
    target = Path(flags.pop(flags.index("-o") + 1))
    flags.remove("-o")
    source = Path(flags[-1])
    if source.suffix == ".S":
        toolchain.llvm("llvm-mc", *MACHINE_FLAGS, "-o", target, source)
        return
    intermediate, assembly = target.with_suffix(".ll"), target.with_suffix(".s")
    emit = ["-S", "-emit-llvm", "-MT", str(target), "-o", str(intermediate)]
    toolchain.llvm("clang", "--target=xtensa", *toolchain.system_headers, *emit, *flags)
    intermediate.write_text(mended(intermediate.read_text()))
    toolchain.llvm("llc", *CODE_FLAGS, "-o", assembly, intermediate)
    assembly.write_text(HEAD + with_placed_literals(assembly.read_text()))
    toolchain.llvm("llvm-mc", *MACHINE_FLAGS, "-o", target, assembly)


def with_placed_literals(assembly: str) -> str:
    """The assembler would put a function's literals beside the section written last, be it read-only data."""
    literal = rf"\t.pushsection {LITERAL_SECTION}\n\g<1>:\t.long \g<2>\n\t.popsection"
    placed = re.sub(r"^\t\.literal (\S+), (.*)$", literal, assembly, flags=re.MULTILINE)
    placed = placed.replace("\t.literal_position\n", "")
    return re.sub(r"^\t\.text$", CODE_SECTION, placed, flags=re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
