"""Fixtures of the build tools' tests: MicroPython's source, and trees that pass for ESP-IDF and a newer MicroPython."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BOARDS = ROOT / "boards"
if str(ROOT / "tools") not in sys.path:
    sys.path.insert(0, str(ROOT / "tools"))

import _micropython_source  # noqa: E402 - found through the path above
from _build_common import BuildError  # noqa: E402


@pytest.fixture(scope="session")
def micropython() -> Path:
    try:
        return _micropython_source.locate()
    except BuildError as error:
        pytest.skip(str(error))


def write(path: Path, text: str, executable: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if executable:
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def write_idf(tree: Path, version: str) -> Path:
    """As much of an ESP-IDF tree as build.py looks at."""
    parts = zip(("MAJOR", "MINOR", "PATCH"), version.split("."), strict=True)
    lines = "".join(f"set(IDF_VERSION_{name} {number})\n" for name, number in parts)
    write(tree / "tools" / "cmake" / "version.cmake", lines)
    return tree


# Leaves what MicroPython's own makefile leaves, and what it was told.
ESP32_MAKEFILE = """\
all:
\tmkdir -p $(BUILD)/bootloader $(BUILD)/partition_table
\techo "$(BOARD) $(BOARD_DIR) $$MICROPY_MPYCROSS" > $(BUILD)/told
\tfor image in firmware bootloader/bootloader partition_table/partition-table $(MICROPYTHON); do \\
\t  echo $$image > $(BUILD)/$$image.bin; done
MICROPYTHON = micropython
"""


def write_micropython(tree: Path, version: str, submodules: bool = True) -> Path:
    """As much of a MicroPython tree as build.py looks at, with makefiles that only pretend."""
    parts = zip(("MAJOR", "MINOR", "MICRO"), version.split("."), strict=True)
    lines = "".join(f"#define MICROPY_VERSION_{name} {number}\n" for name, number in parts)
    write(tree / "py" / "mpconfig.h", lines)
    write(tree / "ports" / "esp32" / "Makefile", ESP32_MAKEFILE)
    write(tree / "mpy-cross" / "Makefile", "all:\n\tmkdir -p $(BUILD)\n\ttouch $(BUILD)/mpy-cross\n")
    if submodules:
        write(tree / "lib" / "micropython-lib" / "README.md", "")
    return tree


@dataclass
class Trees:
    """What a user of --board K1_S3 has around: an environment to run build.py in."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in ("IDF_PATH", "MICROPY_DIR")}
        self.environment = kept

    def with_idf(self, version: str = "5.5.1", exported: bool = True) -> Trees:
        self.environment["IDF_PATH"] = str(write_idf(self.folder / "esp-idf", version))
        if exported:
            idf = write(self.folder / "bin" / "idf.py", "#!/bin/sh\n", executable=True)
            self.environment["PATH"] = f"{idf.parent}{os.pathsep}{os.environ['PATH']}"
        return self

    def with_micropython(self, version: str = "1.28.0", submodules: bool = True) -> Trees:
        tree = write_micropython(self.folder / "micropython", version, submodules)
        self.environment["MICROPY_DIR"] = str(tree)
        return self

    def having(self, variables: Mapping[str, str]) -> Trees:
        self.environment.update(variables)
        return self


@pytest.fixture
def trees(tmp_path: Path) -> Trees:
    return Trees(tmp_path)
