"""snapshot.py says the same as firmware/native/snapshot.h, whose own assertions hold it to the C struct."""

import re
from pathlib import Path

import pytest

from lightwave_node import snapshot

HEADER = (Path(__file__).parents[2] / "firmware" / "native" / "snapshot.h").read_text()
OFFSETS = dict(re.findall(r"offsetof\(snapshot_t, (\w+)\) == (\d+)", HEADER))
USED = [name for name in OFFSETS if name not in ("bins", "hop_check")]


@pytest.mark.parametrize("field", USED)
def test_offset(field):
    name = field.removeprefix("vu_").removesuffix("_us").upper()
    assert getattr(snapshot, f"{name}_AT") == int(OFFSETS[field])


def test_every_offset_is_a_field():
    assert len([name for name in vars(snapshot) if name.endswith("_AT")]) == len(USED) > 15


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        (r"sizeof\(snapshot_t\) == (\d+)", snapshot.SIZE),
        (r"define SNAPSHOT_BINS (\d+)", snapshot.BINS),
        (r"define SNAPSHOT_PITCHES (\d+)", snapshot.PITCHES),
        (r"define SNAPSHOT_FLAG_SILENCE 0x([0-9a-f]+)u", snapshot.FLAG_SILENCE),
    ],
)
def test_size(pattern, value):
    assert int(re.search(pattern, HEADER)[1]) == value
