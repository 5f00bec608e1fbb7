"""The journal a SIM node writes of what its LED wires carried, decoded from the pulses."""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass
from pathlib import Path

# magic, pin, flags, wire bytes, start, end of the last bit, latch (host CLOCK_MONOTONIC, ns)
HEADER = struct.Struct("<IBBHQQQ")
MAGIC = 0x4B314A52
MALFORMED = 1
PARTIAL_BYTE = 2
# The file has no notification without a dependency; a frame takes milliseconds.
POLL_S = 0.002


@dataclass(frozen=True)
class Frame:
    """One transmission. wire is as sent: green, red, blue for each LED."""

    pin: int
    start_ns: int
    end_ns: int
    latch_ns: int
    malformed: bool
    partial_byte: bool
    wire: bytes

    def __len__(self) -> int:
        """LEDs that were sent a whole colour."""
        return len(self.wire) // 3

    def rgb(self, index: int) -> tuple[int, int, int]:
        """The colour of one LED."""
        green, red, blue = self.wire[index * 3 : index * 3 + 3]
        return red, green, blue


class Journal:
    """Reads journal.bin, also while the node appends to it; a record that is not complete yet is left for later."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._frames: list[Frame] = []
        self._offset = 0

    def records(self, since: int = 0) -> list[Frame]:
        """All frames so far, without the first `since` of them."""
        self._read_more()
        return self._frames[since:]

    def wait(self, count: int, timeout: float = 5.0) -> list[Frame]:
        """The frames, once there are at least count; TimeoutError when that takes longer than timeout seconds."""
        deadline = time.monotonic() + timeout
        while len(self.records()) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self._frames)} of {count} frames after {timeout} s")
            time.sleep(POLL_S)
        return self._frames

    def _read_more(self) -> None:
        try:
            with open(self._path, "rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return
        at = 0
        while at + HEADER.size <= len(data):
            magic, pin, flags, count, start_ns, end_ns, latch_ns = HEADER.unpack_from(data, at)
            if magic != MAGIC:
                raise ValueError(f"{self._path}: no record at {self._offset + at}")
            body = at + HEADER.size
            end = body + (count + 3) // 4 * 4
            if end > len(data):
                break
            self._frames.append(
                Frame(
                    pin,
                    start_ns,
                    end_ns,
                    latch_ns,
                    bool(flags & MALFORMED),
                    bool(flags & PARTIAL_BYTE),
                    data[body : body + count],
                )
            )
            at = end
        self._offset += at
