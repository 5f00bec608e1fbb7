"""What a file to be flashed is, and where it belongs: told by the file itself, never by its name.

whole        a bootloader at 0 and a partition table at 0x8000 (MicroPython's releases, our firmware.bin); goes to 0
application  an application's description in its first segment (our micropython.bin, what updates carry); goes to the
             board's first application partition
app          the magic of `k1 ota pack`; becomes files of a board that runs MicroPython already

The partition table is ESP-IDF's: 32 bytes an entry, magic AA 50, type, subtype, offset, size, label ("Partition Tables"
in its documentation).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from _flash_errors import FlashError

from lightwave import app_archive
from lightwave_hub.ota import images
from lightwave_hub.ota.errors import ImageError

WHOLE, APPLICATION, APP = "whole", "application", "app"
TABLE_AT, TABLE_SIZE = 0x8000, 0xC00
OLDEST_STOCK = (1, 28)  # before, RMT.wait_done may hold the GIL while a frame goes out
_OUR_BOARD = b"K1 LightwaveOS node"  # MICROPY_HW_BOARD_NAME of boards/K1_S3/mpconfigboard.h
_IMAGE_MAGIC = 0xE9
_HEADER_SIZE, _CHIP_AT, _HASH_FLAG_AT = 24, 12, 23
_DESCRIPTION_AT, _DESCRIPTION_MAGIC = _HEADER_SIZE + 8, 0xABCD5432
_ENTRY = struct.Struct("<2sBBII16sI")
_ENTRY_MAGIC = b"\xaa\x50"
_APPLICATION_TYPE, _DATA_TYPE, _OTADATA = 0, 1, 0
# esp_image_header_t.chip_id, as esptool's own targets have them.
_CHIPS = {
    0: "ESP32", 2: "ESP32-S2", 5: "ESP32-C3", 9: "ESP32-S3", 12: "ESP32-C2", 13: "ESP32-C6", 16: "ESP32-H2",
    18: "ESP32-P4", 23: "ESP32-C5",
}  # fmt: skip


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


@dataclass(frozen=True)
class FlashFile:
    """`end` is the first byte of flash behind everything a whole image lays out, 0 for the others."""

    path: Path
    kind: str
    data: bytes
    project: str
    version: str
    end: int = 0

    @property
    def is_stock(self) -> bool:
        """MicroPython's own build, without the node in it. Both say they are "micropython"."""
        return self.kind != APP and _OUR_BOARD not in self.data

    def __str__(self) -> str:
        what = {WHOLE: "whole image", APPLICATION: "application image", APP: "archive of the application"}[self.kind]
        named = f" {self.project} {self.version}".rstrip() if self.project else ""
        return f"{self.path.name}: {what}{named}, {len(self.data):,} bytes"


def read(path: Path) -> FlashFile:
    """Read and judge a file. Raises FlashError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FlashError(f"{path}: {error.strerror}", "Give --image a file that exists and can be read") from None
    return recognise(path, data)


def recognise(path: Path, data: bytes) -> FlashFile:
    """As `read`, of bytes that are here already; `path` names them."""
    if data[: len(app_archive.MAGIC)] == app_archive.MAGIC:
        _check(path, data)
        return FlashFile(path, APP, data, "", "")
    if data[:1] != bytes([_IMAGE_MAGIC]) or len(data) < _HEADER_SIZE:
        raise FlashError(
            f"{path.name} is no image of an ESP32", "Take a .bin for ESP32_GENERIC_S3, our firmware.bin, or a .k1a"
        )
    _check_chip(path, data)
    if data[TABLE_AT : TABLE_AT + 2] == _ENTRY_MAGIC:
        return _whole(path, data)
    if not _has_description(data):
        raise FlashError(
            f"{path.name} is a bootloader alone", "Take the image with all parts: our firmware.bin or a release"
        )
    image = _check(path, data)
    return FlashFile(path, APPLICATION, data, image.project, image.version)


def _whole(path: Path, data: bytes) -> FlashFile:
    partitions = partition_table(data[TABLE_AT : TABLE_AT + TABLE_SIZE])
    first = first_application(partitions)
    rest = data[first.offset :]
    if not rest:
        raise FlashError(f"{path.name} ends before its application", "The file is not whole: fetch or build it again")
    _check_chip(path, rest)
    # A merged file may go on behind its application, with files or padding.
    image = _check(path, rest[: _image_length(rest)])
    if image.size > first.size:
        raise FlashError(
            f"the application in {path.name} is too large: {image.size:,} bytes for {first.size:,} of {first.label}",
            "Build it smaller, or with another partition table",
        )
    _check_version(path, image)
    return FlashFile(path, WHOLE, data, image.project, image.version, max(each.end for each in partitions))


def _check_version(path: Path, image: images.Image) -> None:
    if image.project != "micropython":
        return
    numbers = image.version.lstrip("v").split("-")[0].split(".")
    if all(number.isdigit() for number in numbers[:2]) and tuple(map(int, numbers[:2])) < OLDEST_STOCK:
        raise FlashError(
            f"{path.name} is MicroPython {image.version}", "Take 1.28 or newer: before, LEDs hold up all else"
        )


def _check(path: Path, data: bytes) -> images.Image:
    try:
        return images.read(data)
    except ImageError as error:
        raise FlashError(f"{path.name}: {error}", "The file is damaged or not ours: fetch or build it again") from None


def _check_chip(path: Path, data: bytes) -> None:
    chip = int.from_bytes(data[_CHIP_AT : _CHIP_AT + 2], "little")
    if chip != images.CHIP_ESP32_S3:
        name = _CHIPS.get(chip, f"chip {chip}")
        raise FlashError(f"{path.name} is for an {name}, not for an ESP32-S3", "Take the one for ESP32_GENERIC_S3")


def _has_description(data: bytes) -> bool:
    return data[_DESCRIPTION_AT : _DESCRIPTION_AT + 4] == _DESCRIPTION_MAGIC.to_bytes(4, "little")


def _image_length(data: bytes) -> int:
    """Of an application image: segments, checksum, hash. One that is not whole ends where the data does."""
    at = _HEADER_SIZE
    for _ in range(data[1]):
        if at + 8 > len(data):
            return len(data)
        at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
    return at + 16 - at % 16 + 32 * data[_HASH_FLAG_AT]


def partition_table(data: bytes) -> list[Partition]:
    """The entries of a partition table; none where there is none."""
    found = []
    for at in range(0, len(data) - _ENTRY.size + 1, _ENTRY.size):
        magic, kind, subtype, offset, size, label, _ = _ENTRY.unpack_from(data, at)
        if magic != _ENTRY_MAGIC:
            break
        found.append(Partition(label.split(b"\0")[0].decode("ascii", "replace"), kind, subtype, offset, size))
    return found


def first_application(partitions: list[Partition]) -> Partition:
    """The one the bootloader starts when nothing was chosen. Raises FlashError."""
    applications = [each for each in partitions if each.type == _APPLICATION_TYPE]
    if not applications:
        raise FlashError("the partition table names no application", "Flash a whole image: a release or firmware.bin")
    return min(applications, key=lambda each: each.subtype)  # factory before ota_0 before ota_1


def choice_of_slot(partitions: list[Partition]) -> Partition | None:
    """Where the bootloader keeps which slot it starts."""
    return next((each for each in partitions if (each.type, each.subtype) == (_DATA_TYPE, _OTADATA)), None)
