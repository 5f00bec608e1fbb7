"""The ESP32-S3 boards: our own image by MicroPython's build, and the files for a board with stock MicroPython."""

from __future__ import annotations

import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import _flash_image
import _micropython_source
from _build_common import BUILD, ROOT, BuildError, build_lock, make, run

Version = tuple[int, int, int]

BOARDS = ROOT / "boards"
# In older ones esp32.RMT uses ESP-IDF's legacy driver, which does not start in one image with ours, or keeps the GIL.
OLDEST_MICROPYTHON = (1, 28)
# The versions whose RMT, I2S and timer drivers firmware/native/*_idf.c are written for.
IDF_VERSIONS = ((5, 4), (5, 5))
# What the build leaves, and where: the whole flash from the bootloader on, its three parts (the last is the OTA image).
IMAGES = ("firmware.bin", "bootloader/bootloader.bin", "partition_table/partition-table.bin", "micropython.bin")
_SUBMODULES_MARK = "lib/micropython-lib/README.md"  # what the port's own build looks for


def k1_s3() -> list[Path]:
    """Build our image; the files, in the order of IMAGES. Raises BuildError with the remedy for what is missing."""
    idf = _idf_tree()
    source = _micropython_tree()
    out = BUILD / "k1_s3"
    with build_lock("k1_s3"):
        _discard_other_trees_build(out, f"{source}\n{idf}\n")
        # Built here and not where the port would, in the source tree, which is somebody else's.
        mpy_cross = out / "mpy-cross" / "mpy-cross"
        print("Building mpy-cross ...", flush=True)
        make(source, "mpy-cross", f"BUILD={mpy_cross.parent}", "USER_C_MODULES=")
        print("Building the K1_S3 image (minutes, the first time) ...", flush=True)
        settings = ("BOARD=K1_S3", f"BOARD_DIR={BOARDS / 'K1_S3'}", f"BUILD={out / 'idf'}")
        make(source, "ports/esp32", *settings, env={"MICROPY_MPYCROSS": str(mpy_cross)})
        return [_collected(out / "idf" / image, out) for image in IMAGES]


def _discard_other_trees_build(out: Path, identity: str) -> None:
    """cmake refuses a build folder made for another source tree, and make would keep its objects."""
    known = out / "identity"
    if not known.exists() or known.read_text() != identity:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        known.write_text(identity)


def _collected(image: Path, out: Path) -> Path:
    if not image.is_file():
        raise BuildError(f"MicroPython's build ended without an error but left no {image}")
    return Path(shutil.copy(image, out))


def _idf_tree() -> Path:
    wanted = " or ".join(_text(version) for version in IDF_VERSIONS)
    given = os.environ.get("IDF_PATH")
    if not given:
        raise BuildError(
            f"K1_S3 needs ESP-IDF {wanted}, but IDF_PATH is not set: install ESP-IDF and run `. export.sh` of it first"
        )
    version = _idf_version(Path(given))
    if version is None:
        raise BuildError(f"IDF_PATH={given} is not an ESP-IDF tree (it has no tools/cmake/version.cmake)")
    if version[:2] not in IDF_VERSIONS:
        raise BuildError(f"IDF_PATH={given} is ESP-IDF {_text(version)}, but K1_S3 needs {wanted}")
    if shutil.which("idf.py") is None:
        raise BuildError(f"idf.py is not on the PATH: run `. {given}/export.sh` in this shell first")
    return Path(given).resolve()


def _micropython_tree() -> Path:
    oldest = _text(OLDEST_MICROPYTHON)
    given = os.environ.get("MICROPY_DIR")
    if not given:
        raise BuildError(f"K1_S3 needs MicroPython {oldest} or newer: set MICROPY_DIR to its source tree")
    tree = Path(given).resolve()
    version = _micropython_version(tree)
    if version is None or not (tree / "ports" / "esp32" / "Makefile").is_file():
        raise BuildError(f"MICROPY_DIR={given} is not a MicroPython source tree with its ESP32 port")
    if version < OLDEST_MICROPYTHON:
        raise BuildError(f"MICROPY_DIR={given} is MicroPython {_text(version)}, but K1_S3 needs {oldest} or newer")
    if _micropython_source.writes_wrong_xtensa_code(tree):
        raise BuildError(f"MICROPY_DIR={given} {_micropython_source.WRONG_CODE}; use another version")
    if not (tree / _SUBMODULES_MARK).is_file():
        remedy = f"make -C {tree}/ports/esp32 BOARD=ESP32_GENERIC_S3 submodules"
        raise BuildError(f"MICROPY_DIR={given} lacks its submodules: run `{remedy}`")
    return tree


def _idf_version(tree: Path) -> Version | None:
    return _version_in(tree / "tools" / "cmake" / "version.cmake", r"set\(IDF_VERSION_{} (\d+)\)", "PATCH")


def _micropython_version(tree: Path) -> Version | None:
    return _version_in(tree / "py" / "mpconfig.h", r"#define MICROPY_VERSION_{} (\d+)\b", "MICRO")


def _version_in(file: Path, pattern: str, third: str) -> Version | None:
    """The version a source file states in three places; None where it does not."""
    text = file.read_text() if file.is_file() else ""
    major, minor, patch = (re.search(pattern.format(part), text) for part in ("MAJOR", "MINOR", third))
    return (int(major[1]), int(minor[1]), int(patch[1])) if major and minor and patch else None


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def generic_s3(mpy_cross: Path, sound: bool) -> Path:
    """The files of a node on stock MicroPython, as they lie on its flash; the folder they are in."""
    out = BUILD / "generic_s3"
    with build_lock("generic_s3"):
        stage = BUILD / ".generic_s3.partial"
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir(parents=True)
        shutil.copy(BOARDS / "GENERIC_S3" / "config.json", stage)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            files = _flash_image.application()
            for done in [pool.submit(_stage, source, target, stage, mpy_cross) for source, target in files]:
                done.result()
        if sound:
            shutil.copy(_sound_module(), stage / "lib")
        shutil.rmtree(out, ignore_errors=True)
        stage.replace(out)
    return out


def _stage(source: Path, target: str, stage: Path, mpy_cross: Path) -> None:
    """Put one file of the application where it goes: scripts as they are, modules compiled."""
    place = stage / target.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    if source in _flash_image.SCRIPTS:
        shutil.copy(source, place)
        return
    # As for the SIM board but for the architecture: what was tested there is what runs here.
    command = [str(mpy_cross), "-march=xtensawin", "-O1", "-s", target.lstrip("/")]
    run([*command, "-o", str(place.with_suffix(".mpy")), str(source)])


def _sound_module() -> Path:
    # Not at the top: it fetches a compiler, and all the rest is built without it.
    from xtensa import ToolchainUnavailable, XtensaError, products

    try:
        made = products.ensure()
    except (ToolchainUnavailable, XtensaError) as error:
        raise BuildError(f"the sound module was not built: {error}") from error
    if made.natmod is None:
        raise BuildError(f"the sound module was not built: {made.natmod_why} The one of .venv/bin/python has it.")
    return made.natmod
