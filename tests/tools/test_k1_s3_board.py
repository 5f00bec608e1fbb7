"""boards/K1_S3 as MicroPython's build reads it: partitions, settings, manifest, and the cmake fragment itself."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from lightwave_node.config import Config

from .conftest import BOARDS, ROOT, write, write_idf

K1_S3 = BOARDS / "K1_S3"
FLASH_SIZE = 8 * 1024 * 1024
TABLE_END = 0x9000  # ESP-IDF's partition table lies at 0x8000 and is one sector long
SECTOR = 0x1000
APP_ALIGNMENT = 0x10000
SUBTYPES = {"nvs": 0x02, "ota": 0x00, "phy": 0x01, "ota_0": 0x10, "ota_1": 0x11, "fat": 0x81}
TYPES = {"app": 0, "data": 1}


@dataclass(frozen=True)
class Partition:
    label: str
    type: int
    subtype: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size


def board_table() -> list[Partition]:
    rows = [line.split("#")[0].strip() for line in (K1_S3 / "partitions.csv").read_text().splitlines()]
    found = []
    for row in filter(None, rows):
        label, kind, subtype, offset, size = [cell.strip() for cell in row.rstrip(",").split(",")]
        found.append(Partition(label, TYPES[kind], SUBTYPES[subtype], int(offset, 0), int(size, 0)))
    return found


def sim_table() -> list[Partition]:
    source = (BOARDS / "SIM" / "sim_partition.c").read_text()
    names = {"SIM_PART_APP": 0, "SIM_PART_DATA": 1, "SIM_PART_OTA_0": 0x10, "SIM_PART_OTA_1": 0x11}
    rows = re.findall(r'\{ (\w+), (\w+), (0x\w+), (0x\w+), "(\w+)" \}', source)
    return [
        Partition(label, names[kind], names[subtype] if subtype in names else int(subtype, 0), int(at, 0), int(size, 0))
        for kind, subtype, at, size, label in rows
    ]


def test_partitions_lie_behind_each_other_in_8_mb() -> None:
    table = board_table()
    assert table[0].offset == TABLE_END
    assert all(before.end <= after.offset for before, after in pairwise(table))
    assert table[-1].end == FLASH_SIZE
    assert all(part.offset % SECTOR == 0 and part.size % SECTOR == 0 for part in table)


def test_two_equal_application_slots_where_the_cache_can_map_them() -> None:
    slots = [part for part in board_table() if part.type == TYPES["app"]]
    assert [slot.subtype for slot in slots] == [SUBTYPES["ota_0"], SUBTYPES["ota_1"]]
    assert len({slot.size for slot in slots}) == 1
    assert all(slot.offset % APP_ALIGNMENT == 0 for slot in slots)


def test_what_micropython_and_the_bootloader_look_for_is_there() -> None:
    kinds = {part.label: (part.type, part.subtype) for part in board_table()}
    assert kinds["vfs"][0] == TYPES["data"]  # MicroPython's flashbdev finds it by this label
    assert kinds["otadata"] == (TYPES["data"], SUBTYPES["ota"])
    assert kinds["nvs"] == (TYPES["data"], SUBTYPES["nvs"])  # and its makeimg.py the space for the table by this one


def test_the_sim_board_has_the_same_table() -> None:
    assert board_table() == sim_table()


def sdkconfig_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_every_setting_is_well_formed_and_given_once() -> None:
    lines = sdkconfig_lines((K1_S3 / "sdkconfig.board").read_text())
    assert [line for line in lines if not re.fullmatch(r'CONFIG_[A-Z0-9_]+=(y|n|\d+|"[^"]*")', line)] == []
    assert [name for name, count in Counter(line.split("=")[0] for line in lines).items() if count > 1] == []


def test_every_setting_has_a_reason_above_it() -> None:
    """Or above the group it is in; a `# ----` heading is none."""
    before = ""
    for line in (K1_S3 / "sdkconfig.board").read_text().splitlines():
        if line.startswith("CONFIG_"):
            assert before.startswith("CONFIG_") or (before.startswith("#") and "----" not in before), line
        before = line


def frozen_modules(micropython: Path, manifest: Path) -> set[str]:
    """What MicroPython's own manifest interpreter freezes, by the names on the node."""
    spec = importlib.util.spec_from_file_location("manifestfile", micropython / "tools" / "manifestfile.py")
    assert spec is not None and spec.loader is not None
    manifestfile = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(manifestfile)
    paths = {
        "MPY_DIR": str(micropython),
        "MPY_LIB_DIR": "",
        "PORT_DIR": str(micropython / "ports" / "esp32"),
        "BOARD_DIR": str(K1_S3),
    }
    reader = manifestfile.ManifestFile(manifestfile.MODE_FREEZE, paths)
    reader.execute(str(manifest))
    return {entry.target_path for entry in reader.files()}


def test_manifest_freezes_the_port_the_node_and_what_it_shares(micropython: Path) -> None:
    frozen = frozen_modules(micropython, K1_S3 / "manifest.py")
    folders = (ROOT / "firmware" / "lightwave_node", ROOT / "firmware" / "lightwave_hw", ROOT / "shared" / "lightwave")
    ours = {str(path.relative_to(folder.parent)) for folder in folders for path in folder.rglob("*.py")}
    assert {"_boot.py", "flashbdev.py", "inisetup.py"} <= frozen
    assert ours | {"loader.py"} <= frozen
    assert not {"boot.py", "main.py"} & frozen  # files on the flash, where they can be mended


@pytest.fixture
def configured(micropython: Path, tmp_path: Path) -> tuple[str, dict[str, str]]:
    """The port's own CMakeLists.txt with our board: the settings it hands to ESP-IDF, and its variables."""
    if shutil.which("cmake") is None:
        pytest.skip("cmake is not installed")
    idf = write_idf(tmp_path / "esp-idf", "5.5.1")
    names = ("IDF_TARGET", "SDKCONFIG_DEFAULTS", "MICROPY_FROZEN_MANIFEST", "USER_C_MODULES")
    told = "".join(f'message("{name}=${{{name}}}")\n' for name in names)
    # Stands for ESP-IDF's project.cmake, whose project() is where the board's part ends.
    write(idf / "tools" / "cmake" / "project.cmake", f"macro(project name)\n{told}return()\nendmacro()\n")
    board = ["-D", "MICROPY_BOARD=K1_S3", "-D", f"MICROPY_BOARD_DIR={K1_S3}"]
    port = ["-S", str(micropython / "ports" / "esp32"), "-B", str(tmp_path / "build")]
    done = subprocess.run(
        ["cmake", *port, *board],
        env={**os.environ, "IDF_PATH": str(idf)},
        capture_output=True,
        text=True,
        check=True,
    )
    variables = dict(line.split("=", 1) for line in done.stderr.splitlines() if line.startswith(names))
    return Path(variables["SDKCONFIG_DEFAULTS"]).read_text(), variables


def test_the_port_configures_our_board(configured: tuple[str, dict[str, str]]) -> None:
    _, variables = configured
    assert variables["IDF_TARGET"] == "esp32s3"
    assert Path(variables["MICROPY_FROZEN_MANIFEST"]) == K1_S3 / "manifest.py"
    assert Path(variables["USER_C_MODULES"]) == ROOT / "firmware" / "native" / "micropython.cmake"


def test_our_settings_have_the_last_word(configured: tuple[str, dict[str, str]]) -> None:
    combined, _ = configured
    effective = dict(line.split("=", 1) for line in sdkconfig_lines(combined))
    ours = dict(line.split("=", 1) for line in sdkconfig_lines((K1_S3 / "sdkconfig.board").read_text()))
    assert ours.items() <= effective.items()
    assert effective["CONFIG_PARTITION_TABLE_CUSTOM_FILENAME"] == f'"{K1_S3 / "partitions.csv"}"'
    sizes = [line for line in sdkconfig_lines(combined) if re.match(r"CONFIG_ESPTOOLPY_FLASHSIZE_\d+MB=y", line)]
    assert sizes[-1] == "CONFIG_ESPTOOLPY_FLASHSIZE_8MB=y"  # of a choice, the last one set wins


def test_every_source_of_the_c_module_exists() -> None:
    native = ROOT / "firmware" / "native"
    named = re.findall(r"\$\{CMAKE_CURRENT_LIST_DIR\}/(\w+\.c)", (native / "micropython.cmake").read_text())
    assert [name for name in named if not (native / name).is_file()] == []
    assert {path.name for path in native.glob("*.c")} == set(named)


@pytest.mark.parametrize(("board", "fps"), [("K1_S3", 120), ("GENERIC_S3", 60)])
def test_config_template_is_what_the_node_understands(board: str, fps: int) -> None:
    config = Config(json.loads((BOARDS / board / "config.json").read_text()))
    assert config.unknown == []
    assert (config.leds, config.pins, config.fps) == ([160, 160], [5, 4], fps)
    assert config.password == ""  # provisioned, never in a file of the repository
