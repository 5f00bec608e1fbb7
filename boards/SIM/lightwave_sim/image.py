"""Application images as ESP-IDF and the SIM board's bootloader accept them."""

from __future__ import annotations

import hashlib
import struct
from functools import reduce
from operator import xor

IMAGE_MAGIC = 0xE9
CHECKSUM_SEED = 0xEF
CHIP_ESP32_S3 = 9
# Where ESP-IDF puts the application description: first in the first segment.
DESCRIPTION_MAGIC = 0xABCD5432
DESCRIPTION_SIZE = 256
DROM_ADDRESS = 0x3C000020
# The SIM board runs a segment for this address as Python before boot.py (boards/SIM/modules/sim_image.py).
CODE_ADDRESS = 0x4B310000


def _description(version: str, project: str) -> bytes:
    fields = struct.pack("<II8x32s32s", DESCRIPTION_MAGIC, 0, version.encode(), project.encode())
    return fields.ljust(DESCRIPTION_SIZE, b"\0")


def _segment(address: int, data: bytes) -> bytes:
    padded = data + b"\0" * (-len(data) % 4)
    return struct.pack("<II", address, len(padded)) + padded


def build_image(version: str, code: str = "", payload: bytes = b"", project: str = "lightwave") -> bytes:
    """A complete image: description, Python to run at boot (may be empty), and payload bytes to give it a size.

    The version is cut at 31 bytes. Header, segments, checksum and SHA-256 follow the esptool documentation.
    """
    description = _description(version[:31], project) + payload
    segments = [(DROM_ADDRESS, description)]
    if code:
        segments.append((CODE_ADDRESS, code.encode()))
    header = struct.pack(
        "<BBBBIB3xHBHH4xB", IMAGE_MAGIC, len(segments), 2, 0x3F, 0x40374000, 0xEE, CHIP_ESP32_S3, 0, 0, 0xFFFF, 1
    )
    body = header + b"".join(_segment(address, data) for address, data in segments)
    checksum = reduce(xor, b"".join(data for _, data in segments), CHECKSUM_SEED)
    body += b"\0" * (15 - len(body) % 16) + bytes([checksum])
    return body + hashlib.sha256(body).digest()
