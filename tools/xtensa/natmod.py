"""firmware/native as a loadable module for xtensawin: _lightwave.mpy, linked by MicroPython's own mpy_ld.

mpy_ld was written for GNU as, and trusts three things that LLVM's assembler does otherwise. Hence:
  - all C files are linked to one module first, because mpy_ld takes equal section names and offsets of two objects
    for the same place;
  - the object is put right where mpy_ld reads it differently (_mend);
  - constant data goes to .data.rel.ro, the only section in which mpy_ld relocates pointers to their full address.
"""

import os
import re
import struct
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from . import ToolchainUnavailable, XtensaError, emulator
from .compiler import RUNTIME_FLAGS, Compiler, runtime_sources
from .kernels import LIBM_FLAGS, NATIVE, ROOT, libm_sources, plain_sources
from .toolchain import Toolchain

NAME = "_lightwave"
BINDING = NATIVE / "natmod" / "natmod_lightwave.c"
NEEDS_PYELFTOOLS = "MicroPython's mpy_ld needs the Python package pyelftools, which is not installed."
LOADER = ROOT / "tests" / "xtensa" / "load_natmod.c"
ENTRY = "mpy_init"
COMMON_FLAGS = ["-fno-jump-tables"]  # their entries are pointers to code, for which mpy_ld has no place
_RELOCATED = '\t.section\t.data.rel.ro,"aw",@progbits'


def binding_flags(micropython: Path, qstrs: Path) -> list[str]:
    """What py/dynruntime.mk gives to a file that includes py/dynruntime.h."""
    defines = ["NDEBUG", "NO_QSTR", "MICROPY_ENABLE_DYNRUNTIME", "MICROPY_FLOAT_IMPL=MICROPY_FLOAT_IMPL_FLOAT"]
    defines.append(f"MP_CONFIGFILE=<{qstrs}>")
    flags = [f"-D{define}" for define in defines]
    flags += ["-I", str(NATIVE), "-I", str(micropython)]
    return [*flags, "-Wno-unused-parameter", "-Wno-sign-compare"]  # both in MicroPython's headers


def build(compiler: Compiler, micropython: Path) -> Path:
    """Compile and link the module. Raises ToolchainUnavailable without pyelftools, which mpy_ld is written with."""
    if find_spec("elftools") is None:
        raise ToolchainUnavailable(NEEDS_PYELFTOOLS)
    qstrs = qstr_header(compiler)
    _mpy_ld(compiler, micropython, "--preprocess", "-o", qstrs.name, BINDING)
    assembly = _one_module(compiler, micropython, qstrs)
    assembly.write_text(re.sub(r"^\t\.section\t\.rodata.*", _RELOCATED, assembly.read_text(), flags=re.MULTILINE))
    linked = compiler.assemble(assembly)
    linked.write_bytes(_mend(linked.read_bytes()))
    target = compiler.out / f"{NAME}.mpy"
    # A bare name, run in the folder: mpy_ld writes it into the file.
    _mpy_ld(compiler, micropython, "--qstrs", qstrs.name, "-o", target.name, linked)
    return target


def check(module: Path, loader: Path, toolchain: Toolchain) -> None:
    """Load the module on Xtensa, run it and compare with the kernels it was made of; XtensaError if they differ."""
    if emulator.run(toolchain, loader, stdin=module.read_bytes()) != "equal\n":
        raise XtensaError(f"{module.name} computes something else than the kernels it was made of.")


def qstr_header(compiler: Compiler) -> Path:
    return compiler.out / f"{NAME}.config.h"


def _one_module(compiler: Compiler, micropython: Path, qstrs: Path) -> Path:
    """Everything the module needs, and nothing else, as assembly of one piece."""
    parts = [compiler.intermediate(BINDING, [*COMMON_FLAGS, *binding_flags(micropython, qstrs)])]
    parts += compiler.intermediates(plain_sources(), COMMON_FLAGS)
    parts += compiler.intermediates(libm_sources(micropython), [*COMMON_FLAGS, *LIBM_FLAGS])
    parts += compiler.intermediates(runtime_sources(), [*COMMON_FLAGS, *RUNTIME_FLAGS])

    # Calls of run-time functions (division, sqrtf, memcpy) come into being only with the machine code, after what
    # nobody calls has been dropped. So keep by name what was found missing, until nothing is.
    visible = [ENTRY]
    while True:
        assembly = compiler.assembly(_linked(compiler, parts, visible))
        undefined = compiler.toolchain.llvm(
            "llvm-nm", "--undefined-only", "--just-symbol-name", compiler.assemble(assembly)
        )
        missing = [name for name in undefined.split() if not name.startswith("mp_")]
        if not missing:
            return assembly
        if set(missing) & set(visible):
            raise XtensaError(f"nothing defines {', '.join(missing)}, which the loadable module needs.")
        visible += missing


def _linked(compiler: Compiler, parts: list[Path], visible: list[str]) -> Path:
    """Link IR; drop what the visible functions do not use."""
    target = compiler.out / f"{NAME}.ll"
    compiler.toolchain.llvm("llvm-link", "-S", "-o", target, *parts)
    passes = ["-passes=internalize,globaldce", f"-internalize-public-api-list={','.join(visible)}"]
    compiler.toolchain.llvm("opt", *passes, "-S", "-o", target, target)
    return target


def _mpy_ld(compiler: Compiler, micropython: Path, *arguments: object) -> None:
    command = [sys.executable, str(micropython / "tools" / "mpy_ld.py"), "--arch", "xtensawin", *map(str, arguments)]
    quiet = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}  # the source tree may be somebody else's
    done = subprocess.run(command, cwd=compiler.out, env=quiet, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise XtensaError(f"mpy_ld failed:\n{(done.stdout + done.stderr).strip()}")


# ---- the object file as mpy_ld expects it ----------------------------------------------------------------------

R_XTENSA_32 = 1
R_XTENSA_SLOT0_OP = 20
STT_SECTION = 3
SHT_RELA = 4


@dataclass(frozen=True)
class _Section:
    kind: int
    offset: int
    size: int
    link: int  # for relocations: the section of their symbols
    info: int  # for relocations: the section they change


def _mend(elf: bytes) -> bytes:
    """Zero what an l32r has in its operand (mpy_ld adds to it) and keep the offset of a literal that points into a
    section in the literal itself instead of the relocation (where mpy_ld does not look)."""
    data = bytearray(elf)
    sections = _sections(data)
    for section in sections:
        if section.kind != SHT_RELA:
            continue
        changed, symbols = sections[section.info], sections[section.link]
        for entry in range(section.offset, section.offset + section.size, 12):
            where, info, addend = struct.unpack_from("<IIi", data, entry)
            at = changed.offset + where
            if info & 0xFF == R_XTENSA_SLOT0_OP and data[at] & 0x0F == 1:
                data[at + 1 : at + 3] = b"\0\0"
            elif info & 0xFF == R_XTENSA_32 and _is_literals(data, sections, section.info) and addend:
                if data[symbols.offset + (info >> 8) * 16 + 12] & 0x0F != STT_SECTION:
                    raise XtensaError("a literal points behind a symbol; mpy_ld would lose the distance.")
                struct.pack_into("<I", data, at, addend)
                struct.pack_into("<i", data, entry + 8, 0)
    return bytes(data)


def _sections(data: bytearray) -> list[_Section]:
    (table,) = struct.unpack_from("<I", data, 32)
    size, count = struct.unpack_from("<HH", data, 46)
    found = []
    for index in range(count):
        _, kind, _, _, offset, length, link, info = struct.unpack_from("<8I", data, table + index * size)
        found.append(_Section(kind, offset, length, link, info))
    return found


def _is_literals(data: bytearray, sections: list[_Section], index: int) -> bool:
    (table,) = struct.unpack_from("<I", data, 32)
    size, _, names = struct.unpack_from("<HHH", data, 46)
    (name,) = struct.unpack_from("<I", data, table + index * size)
    return data.startswith(b".literal", sections[names].offset + name)
