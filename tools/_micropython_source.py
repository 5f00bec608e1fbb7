"""Find or fetch MicroPython's source: $MICROPY_DIR, or Debian's own source package.

The package comes through the machine's own mirror (trixie.py). Nothing of it is ever copied into the repository.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from _build_common import BUILD, BuildError, run
from trixie import RELEASE, PrivateApt, TrixieError

PACKAGE = "micropython"
_HINT = "set MICROPY_DIR to an unpacked MicroPython source tree instead"
_EMITTER = Path("py", "emitnative.c")
# MicroPython 1.25 stores the wrong register where viper code for Xtensa writes to a constant place other than 0 of a
# pointer (`pixels[1] = light`). Which later version does not is decided by looking, not by its number.
_FAULTY_STORE = re.compile(
    r"(asm_xtensa_(?:op_s8i|op_s16i|s32i_optimised)\(emit->as, )REG_RET(, reg_base, index_value\))"
)
WRONG_CODE = "has a compiler that stores wrong values in viper code for Xtensa (py/emitnative.c of 1.25)"


def locate() -> Path:
    """The source tree to build from, fetched on first use."""
    given = os.environ.get("MICROPY_DIR")
    if given:
        tree = Path(given).resolve()
        if not (tree / "ports" / "unix" / "Makefile").is_file():
            raise BuildError(f"MICROPY_DIR={given} is not a MicroPython source tree")
        return tree
    for tree in sorted(BUILD.glob(f"{PACKAGE}-*")):
        if (tree / "ports" / "unix" / "Makefile").is_file():
            mend(tree)
            return tree
    return _fetch()


def writes_wrong_xtensa_code(tree: Path) -> bool:
    """Whether viper code that this tree's mpy-cross compiles for xtensawin stores the wrong values."""
    emitter = tree / _EMITTER
    return emitter.is_file() and _FAULTY_STORE.search(emitter.read_text()) is not None


def mend(tree: Path) -> None:
    """Put right what _FAULTY_STORE says, in our own copy of the source; a tree of MICROPY_DIR is never written to."""
    if writes_wrong_xtensa_code(tree):
        emitter = tree / _EMITTER
        emitter.write_text(_FAULTY_STORE.sub(r"\1reg_value\2", emitter.read_text()))


def _fetch() -> Path:
    print(f"Fetching MicroPython's source package from the distribution ({RELEASE}) ...", flush=True)
    cache = BUILD / "cache" / "apt"
    try:
        description = PrivateApt(cache, "deb-src").source(PACKAGE, cache)
    except TrixieError as error:
        raise BuildError(f"MicroPython's source could not be fetched; {_HINT}. {error}") from error
    return _unpack(description)


def _unpack(description: Path) -> Path:
    # micropython_1.25.0+ds-1.dsc -> 1.25.0
    version = description.stem.split("_")[1].split("+")[0].split("-")[0]
    tree = BUILD / f"{PACKAGE}-{version}"
    partial = BUILD / f".{PACKAGE}-{version}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    # apt has checked the signature of the index that names these files' digests.
    run(["dpkg-source", "--no-check", "-x", str(description), str(partial)])
    mend(partial)
    partial.replace(tree)
    return tree
