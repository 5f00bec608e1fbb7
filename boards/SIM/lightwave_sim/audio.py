"""Any WAV file in, the one kind the SIM's microphone plays out: mono PCM at the source's own rate.

The SIM resamples while it plays, in C; here only the container, the sample format and the channels are made
plain. Own parser, because the standard library's `wave` refuses float and extensible files.
"""

import math
import os
import struct
import sys
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import add
from pathlib import Path
from typing import Any, BinaryIO

MAX_CHANNELS = 32
MIN_RATE, MAX_RATE = 1000, 384_000

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
# What follows the format code in an extensible header's GUID (Microsoft, mmreg.h: KSDATAFORMAT_SUBTYPE_*).
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_SAMPLE_BITS = {_PCM: (8, 16, 24, 32), _FLOAT: (32, 64)}
_CODE_NAMES = {2: "ADPCM", 6: "A-law", 7: "mu-law", 0x11: "IMA ADPCM", 0x55: "MP3"}
_BLOCK_FRAMES = 1 << 16  # per step: bounds memory, large enough that Python's cost is in the list comprehensions


class WavError(ValueError):
    """The file is not a WAV file this program plays; the message names the field and its limit."""


@dataclass(frozen=True)
class WavInfo:
    """The source as found, and `target_bits` (16 or 32) of the mono file made from it."""

    rate: int
    channels: int
    bits: int
    is_float: bool
    frames: int
    target_bits: int

    @property
    def seconds(self) -> float:
        return self.frames / self.rate

    @property
    def frame_bytes(self) -> int:
        return self.channels * self.bits // 8


def prepare_wav(source: Path, target: Path) -> WavInfo:
    """Write `source` to `target` as mono PCM16 (PCM32 if the source has more than 16 bits). `target` appears
    whole or not at all. Raises WavError for what is not playable, OSError for what cannot be read or written."""
    with source.open("rb") as file:
        info = _read_headers(file)
        partial = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            with partial.open("wb") as out:
                out.write(mono_header(info.rate, info.target_bits, info.frames))
                for block in _blocks(file, info):
                    out.write(_native(_mono(block, info)).tobytes())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    return info


def mono_header(rate: int, bits: int, frames: int) -> bytes:
    """The 44 bytes in front of a mono PCM file's samples."""
    width = bits // 8
    size = frames * width
    fmt = struct.pack("<HHIIHH", _PCM, 1, rate, rate * width, width, bits)
    return struct.pack("<4sI8sI16s4sI", b"RIFF", 36 + size, b"WAVEfmt ", len(fmt), fmt, b"data", size)


def _read_headers(file: BinaryIO) -> WavInfo:
    """Leaves the file at the first sample. Chunks come in any order but fmt before data; others are skipped."""
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    riff = file.read(12)
    if len(riff) < 12 or riff[:4] != b"RIFF" or riff[8:] != b"WAVE":
        raise WavError(f"header: not a RIFF WAVE file (starts with {riff[:12]!r})")
    fmt: tuple[int, int, int, int] | None = None
    while header := file.read(8):
        if len(header) < 8:
            raise WavError(f"chunk header: {len(header)} of 8 bytes before the end of the file")
        name, size = header[:4], struct.unpack("<I", header[4:])[0]
        if size > end - file.tell():
            raise WavError(f"{_printable(name)} chunk: {size} bytes promised, {end - file.tell()} found")
        if name == b"data":
            if fmt is None:
                raise WavError("fmt chunk: missing in front of the data chunk")
            return _describe(fmt, size)
        body_end = file.tell() + size
        if name == b"fmt ":
            fmt = _parse_fmt(file.read(min(size, 40)))
        file.seek(body_end + size % 2)  # chunks are padded to an even size
    raise WavError("data chunk: missing")


def _printable(name: bytes) -> str:
    return name.decode("ascii", "backslashreplace").strip()


def _parse_fmt(body: bytes) -> tuple[int, int, int, int]:
    """(format code, channels, rate, bits in the file per sample), each within its limits."""
    if len(body) < 16:
        raise WavError(f"fmt chunk: {len(body)} bytes, needs at least 16")
    code, channels, rate, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", body)
    if code == _EXTENSIBLE:
        if len(body) < 40:
            raise WavError(f"fmt chunk: {len(body)} bytes, an extensible format needs 40")
        code = struct.unpack_from("<H", body, 24)[0]
        if body[26:40] != _GUID_TAIL:
            raise WavError(f"format code: unknown sub-format {body[24:40].hex()}, needs PCM or float")
    if code not in _SAMPLE_BITS:
        name = f" ({_CODE_NAMES[code]})" if code in _CODE_NAMES else ""
        raise WavError(f"format code: {code}{name} is not supported, needs 1 (PCM) or 3 (float)")
    if not 1 <= channels <= MAX_CHANNELS:
        raise WavError(f"channels: {channels} is not in 1..{MAX_CHANNELS}")
    if not MIN_RATE <= rate <= MAX_RATE:
        raise WavError(f"sample rate: {rate} Hz is not in {MIN_RATE}..{MAX_RATE}")
    # 12 or 20 bits sit left-justified in the next whole bytes, 24 may sit in 32: the frame size tells.
    stored = frame_bytes * 8 // channels
    if stored not in _SAMPLE_BITS[code] or frame_bytes % channels or not 0 < bits <= stored:
        allowed = ", ".join(map(str, _SAMPLE_BITS[code]))
        raise WavError(
            f"bits per sample: {bits} in frames of {frame_bytes} bytes for {channels} channels, needs one of {allowed}"
        )
    return code, channels, rate, stored


def _describe(fmt: tuple[int, int, int, int], data_bytes: int) -> WavInfo:
    code, channels, rate, bits = fmt
    frames = data_bytes // (channels * bits // 8)
    if frames == 0:
        raise WavError(f"data chunk: {data_bytes} bytes, needs at least one frame of {channels * bits // 8}")
    return WavInfo(rate, channels, bits, code == _FLOAT, frames, target_bits=16 if bits <= 16 else 32)


def _blocks(file: BinaryIO, info: WavInfo) -> Iterator[bytes]:
    left = info.frames
    while left:
        frames = min(left, _BLOCK_FRAMES)
        block = file.read(frames * info.frame_bytes)
        if len(block) != frames * info.frame_bytes:  # the headers were checked: the file shrank meanwhile
            raise WavError(f"data chunk: {frames * info.frame_bytes} bytes expected, {len(block)} found")
        yield block
        left -= frames


def _mono(block: bytes, info: WavInfo) -> "array[int]":
    """The mean of the channels, as 16- or 32-bit samples."""
    if info.is_float:
        return _mono_from_floats(_native(array("f" if info.bits == 32 else "d", block)), info.channels)
    samples = _integers(block, info.bits)
    shift = info.channels.bit_length() - 1
    if shift == 0:
        return samples
    total = _sum_of_channels(samples, info.channels)
    if info.channels == 1 << shift:  # shifting is a third faster than dividing, and stereo is what people have
        return array(samples.typecode, [value >> shift for value in total])
    return array(samples.typecode, [value // info.channels for value in total])


def _mono_from_floats(samples: "array[float]", channels: int) -> "array[int]":
    scale, limit = 2147483648.0 / channels, float(channels)
    total = _sum_of_channels(samples, channels)
    return array("i", [int(value * scale) if -limit < value < limit else _clipped(value) for value in total])


def _sum_of_channels(samples: "array[Any]", channels: int) -> Iterable[Any]:
    """Lazy: no list of tuples and no Python call per frame."""
    total: Iterable[Any] = samples[::channels]
    for channel in range(1, channels):
        total = map(add, total, samples[channel::channels])
    return total


def _clipped(value: float) -> int:
    if math.isnan(value):
        return 0
    return 2147483647 if value > 0 else -2147483648


def _integers(block: bytes, bits: int) -> "array[int]":
    """Samples left-justified in 16 (for 8 and 16) or 32 bits."""
    if bits == 8:  # unsigned around 128; the two's complement high byte is the same with the top bit turned
        wide = bytearray(2 * len(block))
        wide[1::2] = block.translate(bytes(value ^ 0x80 for value in range(256)))
        return _native(array("h", bytes(wide)))
    if bits == 24:
        count = len(block) // 3
        wide = bytearray(4 * count)
        for byte in range(3):
            wide[byte + 1 :: 4] = block[byte::3]
        return _native(array("i", bytes(wide)))
    return _native(array("h" if bits == 16 else "i", block))


def _native(samples: "array[Any]") -> "array[Any]":
    """Between the file's little-endian order and this machine's, either way; in place."""
    if sys.byteorder == "big":
        samples.byteswap()
    return samples
