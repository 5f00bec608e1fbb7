"""Reading images before they are accepted: what they are, for which chip, and whether they are whole.

An ESP32-S3 application image, from "Firmware Image Format" of esptool's documentation and `esp_app_desc_t` of ESP-IDF:
a 24-byte header, segments of (address, length, bytes), padding so that the checksum is the last byte of a 16-byte row,
then the SHA-256 of all before it. The application's description is the first thing in its first segment.
"""

import hashlib
import struct
from dataclasses import dataclass
from functools import reduce
from operator import xor

from lightwave import app_archive, release
from lightwave_hub.ota.errors import ImageError

CHIP_ESP32_S3 = 9
_MAGIC = 0xE9
_HEADER = struct.Struct("<BBBBI4xH9xB")  # magic, segments, flash mode, size and speed, entry, chip, hash appended
_HEADER_SIZE = 24
_MAX_SEGMENTS = 16
_CHECKSUM_SEED = 0xEF
_DESCRIPTION = struct.Struct("<II8x32s32s")
_DESCRIPTION_MAGIC = 0xABCD5432


@dataclass(frozen=True, slots=True)
class Image:
    """`version` and `project` are those of a firmware's description, "" of an app."""

    kind: str
    size: int
    sha256: str
    version: str = ""
    project: str = ""
    files: int = 0


def read(data: bytes) -> Image:
    """What these bytes are. Raises ImageError."""
    if data[:1] == bytes([_MAGIC]):
        image = _read_firmware(data)
    elif data[: len(app_archive.MAGIC)] == app_archive.MAGIC:
        image = _read_app(data)
    else:
        raise ImageError("image", "is neither an ESP32-S3 application nor an archive of `k1 ota pack`")
    limit = release.MAX_SIZES[image.kind]
    if image.size > limit:
        raise ImageError("size", f"{image.size} is more than the {limit} bytes of {image.kind}")
    return image


def _read_firmware(data: bytes) -> Image:
    if len(data) < _HEADER_SIZE:
        raise ImageError("image", "ends within its header")
    _, segments, _, _, _, chip, has_hash = _HEADER.unpack_from(data)
    if chip != CHIP_ESP32_S3:
        raise ImageError("chip", f"it is for chip {chip}, not for an ESP32-S3 ({CHIP_ESP32_S3})")
    if not 1 <= segments <= _MAX_SEGMENTS:
        raise ImageError("segments", f"must be 1..{_MAX_SEGMENTS}, not {segments}")
    bodies, end = _segments(data, segments)
    version, project = _description(bodies[0])
    row_end = end + 16 - end % 16
    if data[row_end - 1 : row_end] != bytes([reduce(xor, map(_xor, bodies), _CHECKSUM_SEED)]):
        raise ImageError("checksum", "is wrong: the image is damaged or not whole")
    if not has_hash:
        raise ImageError("hash", "is missing: build the image with its SHA-256 appended, as ESP-IDF does")
    if data[row_end : row_end + 32] != hashlib.sha256(data[:row_end]).digest():
        raise ImageError("hash", "is wrong: the image is damaged or not whole")
    if len(data) != row_end + 32:
        raise ImageError("image", f"goes on for {len(data) - row_end - 32} bytes after its hash")
    return Image(release.FIRMWARE, len(data), hashlib.sha256(data).hexdigest(), version, project)


def _xor(data: bytes) -> int:
    """Of all bytes, by folding the whole in halves: a loop over megabytes would hold the GIL, and with it ticks."""
    folded, size = int.from_bytes(data, "little"), len(data)
    while size > 1:
        size = (size + 1) // 2
        folded = folded >> 8 * size ^ folded & (1 << 8 * size) - 1
    return folded


def _segments(data: bytes, count: int) -> tuple[list[bytes], int]:
    """Their bytes, and where the last one ends."""
    bodies = []
    at = _HEADER_SIZE
    for number in range(count):
        if at + 8 > len(data):
            raise ImageError("segments", f"the image ends before segment {number + 1} of {count}")
        length = struct.unpack_from("<I", data, at + 4)[0]
        at += 8
        if at + length > len(data):
            raise ImageError("segments", f"the image ends within segment {number + 1} of {count}")
        bodies.append(data[at : at + length])
        at += length
    return bodies, at


def _description(segment: bytes) -> tuple[str, str]:
    if len(segment) < _DESCRIPTION.size or int.from_bytes(segment[:4], "little") != _DESCRIPTION_MAGIC:
        raise ImageError("description", "is missing: this is no application of ESP-IDF")
    _, _, version, project = _DESCRIPTION.unpack_from(segment)
    return version.split(b"\0")[0].decode("ascii", "replace"), project.split(b"\0")[0].decode("ascii", "replace")


class _Listing:
    """An unpacker's sink that only remembers names."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def begin_file(self, path: str, size: int) -> None:
        if path in self.paths:
            raise app_archive.ArchiveError(f"{path} is there twice")
        self.paths.append(path)

    def write_file(self, piece: bytes) -> None:
        pass

    def end_file(self) -> None:
        pass


def _read_app(data: bytes) -> Image:
    listing = _Listing()
    unpacker = app_archive.Unpacker(listing)
    try:
        unpacker.feed(data)
    except app_archive.ArchiveError as error:
        raise ImageError("image", str(error)) from None
    if not unpacker.done:
        raise ImageError("image", "is an archive without its end")
    if not any(entry in listing.paths for entry in app_archive.ENTRY):
        raise ImageError("image", f"lacks {app_archive.ENTRY[0]}, which every application begins with")
    return Image(release.APP, len(data), hashlib.sha256(data).hexdigest(), files=unpacker.files)
