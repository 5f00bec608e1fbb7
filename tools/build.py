#!/usr/bin/env python3
"""Build a board: what is missing or out of date, and print where it is.

    tools/build.py --board SIM          MicroPython for this machine, its mpy-cross, and a new node's flash image
    tools/build.py --board K1_S3        our image; needs ESP-IDF and a MicroPython tree of yours (boards/README.md)
    tools/build.py --board XTENSA       MicroPython as an Xtensa program, and qemu to run it (boards/XTENSA)
    tools/build.py --board GENERIC_S3   the files for a board with stock MicroPython (--sound: its sound module too)

Other tools call ensure_sim() for the same and get the paths; missing_packages() lists what apt has to install first.
Runs on a bare Python 3.11 without any package, as nothing else can be set up before it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import _esp32_build
import _flash_image
import _micropython_source
from _build_common import BUILD, ROOT, BuildError, build_lock, make

BOARD = ROOT / "boards" / "SIM"
OUTPUT = BUILD / "sim"
# What a change of makes the binary out of date; the application is Python and only touches the flash image.
BINARY_INPUTS = (BOARD, ROOT / "firmware" / "native")
BINARY_SUFFIXES = {".c", ".h", ".py", ".mk"}


@dataclass(frozen=True)
class SimBuild:
    """Where the built SIM board is. bits is 32, or 64 on hosts that cannot build or run 32-bit programs."""

    binary: Path
    mpy_cross: Path
    flash_template: Path
    bits: int


def missing_packages() -> list[str]:
    """Debian packages that ensure_sim() needs and that are not there (empty when all is well)."""
    wanted = {"gcc": "gcc", "make": "make"}
    if "MICROPY_DIR" not in os.environ:
        wanted["dpkg-source"] = "dpkg-dev"
    missing = [package for tool, package in wanted.items() if shutil.which(tool) is None]
    # The compiler's package only recommends the C library's headers.
    if sys.platform == "linux" and not Path("/usr/include/stdio.h").exists():
        missing.append("libc6-dev")
    if _is_amd64() and not can_build_32bit():
        missing.append("gcc-multilib")
    return missing


def _is_amd64() -> bool:
    return os.uname().machine == "x86_64"


def can_build_32bit() -> bool:
    """Whether the compiler makes 32-bit programs that this kernel runs. Cached: it costs 0.1 s to find out."""
    gcc = shutil.which("gcc")
    if gcc is None:
        return False
    BUILD.mkdir(parents=True, exist_ok=True)
    probe = BUILD / "probe-32bit"
    # Keyed by what would change the answer; a verdict from before gcc-multilib came must not stick.
    headers = Path("/usr/include/gnu/stubs-32.h")
    key = f"{gcc} {Path(gcc).stat().st_mtime_ns} {headers.exists()}\n"
    if probe.exists() and probe.read_text().startswith(key):
        return probe.read_text().endswith("yes\n")
    program = BUILD / "probe-32bit.out"
    source = "#include <stdio.h>\nint main(void) { return sizeof(void *) == 4 ? 0 : 1; }\n"
    compiled = subprocess.run(
        [gcc, "-m32", "-xc", "-", "-o", str(program)], input=source, text=True, capture_output=True, check=False
    )
    works = compiled.returncode == 0 and subprocess.run([str(program)], check=False).returncode == 0
    probe.write_text(key + ("yes\n" if works else "no\n"))
    return works


def _require_tools() -> None:
    missing = [package for package in missing_packages() if package != "gcc-multilib"]
    if missing:
        names = " ".join(missing)
        raise BuildError(f"Building the SIM board needs {names}; install with: apt-get install {names}")


def _input_files(roots: Iterable[Path], suffixes: set[str]) -> Iterator[Path]:
    for root in roots:
        for directory, folders, files in os.walk(root):
            # The host package is for CPython; caches are nobody's input.
            folders[:] = sorted(name for name in folders if name not in ("__pycache__", "lightwave_sim", "build"))
            for name in sorted(files):
                path = Path(directory, name)
                if path.suffix in suffixes:
                    yield path


def _stamp(source: Path, bits: int) -> str:
    digest = hashlib.sha256(f"{source} {bits}\n".encode())
    for path in _input_files(BINARY_INPUTS, BINARY_SUFFIXES):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _is_current(mpy_cross: Path, source: Path) -> bool:
    """The emitter is what our own copy of the source may get mended (_micropython_source.py)."""
    emitter = source / "py" / "emitnative.c"
    return mpy_cross.exists() and mpy_cross.stat().st_mtime >= emitter.stat().st_mtime


def _build_binary(source: Path, bits: int, mpy_cross: Path) -> None:
    if not _is_current(mpy_cross, source):
        print("Building mpy-cross ...", flush=True)
        make(source, "mpy-cross", f"BUILD={mpy_cross.parent}", "USER_C_MODULES=")
    print(f"Building the SIM board ({bits}-bit) ...", flush=True)
    # The frozen manifest uses nothing of micropython-lib; make only wants its README to exist.
    library = BUILD / "no-micropython-lib"
    library.mkdir(parents=True, exist_ok=True)
    (library / "README.md").touch()
    settings = [
        f"VARIANT_DIR={BOARD}",
        f"MICROPY_FORCE_32BIT={int(bits == 32)}",
        f"MICROPY_MPYCROSS={mpy_cross}",
        "MICROPY_MPYCROSS_DEPENDENCY=",
        f"MPY_LIB_DIR={library}",
        f"MICROPY_MANIFEST_BOARD_MODULES={BOARD / 'modules'}",
    ]
    if (ROOT / "firmware" / "native" / "micropython.mk").exists():
        settings.append(f"USER_C_MODULES={ROOT / 'firmware'}")
    make(source, "ports/unix", f"BUILD={OUTPUT}", *settings)


def _discard_stale_objects(source: Path, bits: int) -> None:
    """Remove what make would wrongly keep: objects of another width or tree, and the names of another set of files."""
    files = "\n".join(str(path.relative_to(ROOT)) for path in _input_files(BINARY_INPUTS, {".c", ".mk"}))
    identity = f"{source} {bits}\n"
    identity_file = OUTPUT / "identity"
    known = identity_file.read_text() if identity_file.exists() else ""
    if not known.startswith(identity):
        shutil.rmtree(OUTPUT, ignore_errors=True)
        shutil.rmtree(BUILD / "mpy-cross", ignore_errors=True)
    elif known != identity + files:
        # make looks at times only: a file that joins with an old one would never be scanned for its qstrs.
        (OUTPUT / "genhdr" / "qstr.i.last").unlink(missing_ok=True)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    identity_file.write_text(identity + files)


def _choose_bits() -> int:
    if can_build_32bit():
        return 32
    print("No 32-bit support here: building the SIM board with 64-bit pointers and small ints instead.", flush=True)
    return 64


def ensure_sim() -> SimBuild:
    """Build whatever is missing or out of date and return where it is. Raises BuildError with the remedy."""
    with build_lock("sim"):
        _require_tools()
        source = _micropython_source.locate()
        bits = _choose_bits()
        binary = OUTPUT / "k1-sim"
        stamp_file = OUTPUT / "stamp"
        mpy_cross = BUILD / "mpy-cross" / "mpy-cross"
        stamp = _stamp(source, bits)
        built = stamp_file.read_text() if stamp_file.exists() else ""
        if built != stamp or not binary.exists() or not _is_current(mpy_cross, source):
            _discard_stale_objects(source, bits)
            stamp_file.unlink(missing_ok=True)
            _build_binary(source, bits, mpy_cross)
            stamp_file.write_text(stamp)
        template = _flash_image.ensure(binary, mpy_cross, bits, stamp)
        return SimBuild(binary, mpy_cross, template, bits)


def _sim() -> list[str]:
    built = ensure_sim()
    return [f"{built.binary} ({built.bits}-bit)", str(built.mpy_cross), str(built.flash_template)]


def _k1_s3() -> list[str]:
    return [str(path) for path in _esp32_build.k1_s3()]


def _xtensa() -> list[str]:
    from xtensa import XtensaError, interpreter

    try:
        return [" ".join(interpreter.ensure().command("-c", "'import sys; print(sys.implementation)'"))]
    except XtensaError as error:
        raise BuildError(str(error)) from error


def _generic_s3(sound: bool = False) -> list[str]:
    source = _micropython_source.locate()
    if _micropython_source.writes_wrong_xtensa_code(source):
        raise BuildError(f"MICROPY_DIR={source} {_micropython_source.WRONG_CODE}; use another version, or unset it")
    return [str(_esp32_build.generic_s3(ensure_sim().mpy_cross, sound))]


# Each builds its board and returns the lines to print.
BOARDS: dict[str, Callable[[], list[str]]] = {
    "SIM": _sim,
    "K1_S3": _k1_s3,
    "GENERIC_S3": _generic_s3,
    "XTENSA": _xtensa,
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Build a board of K1 LightwaveOS.")
    parser.add_argument("--board", default="SIM", choices=list(BOARDS), help="board to build")
    parser.add_argument("--sound", action="store_true", help="GENERIC_S3: cross-compile _lightwave.mpy as well")
    options = parser.parse_args()
    if options.sound and options.board != "GENERIC_S3":
        parser.error("--sound is for GENERIC_S3; the other boards have it built in")
    try:
        lines = _generic_s3(sound=True) if options.sound else BOARDS[options.board]()
    except BuildError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 2
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
