"""The published struct and its lock: layout, copies, and a writer racing a reader."""

import ctypes
import re
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from host_kernels import SNAPSHOT

HERE = Path(__file__).parent
NATIVE = HERE.parents[1] / "firmware" / "native"

# name, offset, type: what every reader on the Python side is written against.
LAYOUT = [
    ("hop", 0, "u32"),
    ("captured_us", 4, "u32"),
    ("published_us", 8, "u32"),
    ("vu_peak", 12, "u16"),
    ("vu_rms", 14, "u16"),
    ("flags", 16, "u16"),
    ("bins", 18, "u16"),
    ("spectrum", 20, "u16 x 64"),
    ("chroma", 148, "u16 x 12"),
    ("bass", 172, "u16"),
    ("mid", 174, "u16"),
    ("treble", 176, "u16"),
    ("novelty", 178, "u16"),
    ("bpm_x100", 180, "u16"),
    ("confidence", 182, "u16"),
    ("phase", 184, "u16"),
    ("onsets", 186, "u16"),
    ("beat", 188, "u32"),
    ("hop_check", 192, "u32"),
]
SIZE = 196


def packed(hop: int = 7) -> bytes:
    return struct.pack("<3I4H64H12H8HII", hop, 11, 12, 13, 14, 15, 64, *range(100, 164), *range(200, 220), 21, 0)


def read(library: ctypes.CDLL) -> bytes:
    target = (ctypes.c_char * SIZE)()
    assert library.snapshot_read(target)
    return bytes(target)


@pytest.fixture
def snapshots(kernel: Any) -> Any:
    library = kernel.library
    library.snapshot_read.restype = ctypes.c_bool
    library.snapshot_reset()
    return library


def test_table_in_the_header_is_the_layout() -> None:
    rows = re.findall(r"^//   (\d+) +(u32|u16 x 64|u16 x 12|u16) +(\w+) ", (NATIVE / "snapshot.h").read_text(), re.M)
    assert [(name, int(offset), kind) for offset, kind, name in rows] == LAYOUT


def test_compiled_offsets(compile_c: Callable[..., Path]) -> None:
    program = compile_c("snapshot_layout", [HERE / "snapshot_layout.c"])
    lines = subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines == [f"{name} {offset}" for name, offset, _ in LAYOUT] + [f"size {SIZE}"]


def test_before_the_first_publication_all_is_zero(snapshots: Any) -> None:
    assert read(snapshots) == bytes(SIZE)


def test_a_reader_gets_what_was_published_with_its_check(snapshots: Any) -> None:
    snapshots.snapshot_publish(packed())
    assert read(snapshots) == packed()[:192] + struct.pack("<I", 7)


def test_unaligned_destination(snapshots: Any) -> None:
    snapshots.snapshot_publish(packed())
    target = (ctypes.c_char * (SIZE + 4))()
    assert snapshots.snapshot_read(ctypes.byref(target, 3))
    assert bytes(target)[3:-1] == packed()[:192] + struct.pack("<I", 7)
    assert bytes(target)[:3] + bytes(target)[-1:] == bytes(4)


def test_the_hosts_record_is_the_layout() -> None:
    fields = SNAPSHOT.fields
    assert fields is not None
    assert [(name, fields[name][1]) for name in SNAPSHOT.names or ()] == [(name, at) for name, at, _ in LAYOUT]
    assert SNAPSHOT.itemsize == SIZE


def test_analysis_fills_every_field_it_owns_and_no_other(snapshots: Any) -> None:
    target = ctypes.create_string_buffer(b"\xaa" * SIZE, SIZE)
    snapshots.analysis_process((ctypes.c_int32 * 128)(), target)
    assert target.raw == b"\xaa" * 12 + bytes(6) + struct.pack("<H", 64) + bytes(172) + b"\xaa" * 4
