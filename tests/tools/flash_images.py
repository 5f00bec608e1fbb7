"""Files to flash, made as the tools that make them do, but small."""

from __future__ import annotations

import struct

from lightwave_sim import build_image

Entry = tuple[int, int, int, int, bytes]  # type, subtype, offset, size, label

OURS = b"K1 LightwaveOS node"
# Two slots in 8 MB, as boards/K1_S3/partitions.csv has them, and in 4 MB.
TABLE_8MB = (
    (1, 2, 0x9000, 0x4000, b"nvs"),
    (1, 0, 0xD000, 0x2000, b"otadata"),
    (0, 0x10, 0x10000, 0x2F0000, b"ota_0"),
    (0, 0x11, 0x300000, 0x2F0000, b"ota_1"),
    (1, 0x81, 0x600000, 0x200000, b"vfs"),
)
TABLE_4MB = (
    (1, 2, 0x9000, 0x6000, b"nvs"),
    (0, 0, 0x10000, 0x1F0000, b"factory"),
    (1, 0x81, 0x200000, 0x200000, b"vfs"),
)


def partition_table(entries: tuple[Entry, ...]) -> bytes:
    packed = [struct.pack("<2sBBII16sI", b"\xaa\x50", *entry, 0) for entry in entries]
    return b"".join(packed).ljust(0xC00, b"\xff")


def bootloader() -> bytes:
    """An image of code, without an application's description."""
    image = bytearray(build_image("0"))
    image[32:36] = b"\0" * 4
    return bytes(image)


def application(version: str = "v1.28.0", payload: bytes = b"", project: str = "micropython") -> bytes:
    return build_image(version, payload=payload, project=project)


def whole(app: bytes | None = None, table: tuple[Entry, ...] = TABLE_8MB) -> bytes:
    """As a release of MicroPython is: bootloader, partition table and application in one."""
    app = application(payload=OURS) if app is None else app
    head = bootloader().ljust(0x8000, b"\xff") + partition_table(table)
    return head.ljust(0x10000, b"\xff") + app
