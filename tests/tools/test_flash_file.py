"""What a file is, by its own bytes; and that everything else is refused in words that help."""

from __future__ import annotations

from pathlib import Path

import pytest
from _flash_errors import FlashError
from _flash_file import APP, APPLICATION, TABLE_AT, WHOLE, choice_of_slot, first_application, partition_table, recognise

from _build_common import ROOT
from lightwave.app_archive import pack
from tests.tools import flash_images as images

FILE = Path("some.bin")


def test_a_release_is_a_whole_image_and_says_what_it_lays_out() -> None:
    file = recognise(FILE, images.whole(images.application("v1.28.0")))
    assert (file.kind, file.version, file.end, file.is_stock) == (WHOLE, "v1.28.0", 8 << 20, True)


def test_what_follows_a_merged_images_application_does_not_matter() -> None:
    assert recognise(FILE, images.whole() + b"\xff" * 5000).kind == WHOLE


def test_an_application_image_is_known_by_its_description() -> None:
    file = recognise(FILE, images.application("2.8.0", payload=images.OURS))
    assert (file.kind, file.version, file.is_stock) == (APPLICATION, "2.8.0", False)


def test_our_image_is_known_by_the_name_its_board_compiles_in() -> None:
    header = (ROOT / "boards" / "K1_S3" / "mpconfigboard.h").read_text()
    assert f'MICROPY_HW_BOARD_NAME               "{images.OURS.decode()}"' in header


def test_an_archive_is_known_by_its_magic() -> None:
    archive = pack([("lightwave_hw/start.mpy", b"M")])
    assert recognise(FILE, archive).kind == APP


def test_a_board_starts_its_first_application_unless_told_otherwise() -> None:
    table = partition_table(images.partition_table(images.TABLE_8MB))
    choice = choice_of_slot(table)
    assert (first_application(table).label, choice and choice.offset) == ("ota_0", 0xD000)
    assert first_application(partition_table(images.partition_table(images.TABLE_4MB))).label == "factory"


def _damaged(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "no image of an ESP32"),
        (b"\x7fELF" + b"\0" * 100, "no image of an ESP32"),
        (images.bootloader(), "a bootloader alone"),
        (images.application()[:12] + b"\x05\0" + images.application()[14:], "for an ESP32-C3, not for an ESP32-S3"),
        (_damaged(images.application(), 200), "checksum: is wrong"),
        (images.application()[:-1], "hash: is wrong"),
        (images.whole()[:0x10000], "ends before its application"),
        (_damaged(images.whole(), 0x10000 + 200), "checksum: is wrong"),
        (images.whole(images.application("v1.27.0")), "is MicroPython v1.27.0"),
        (images.whole(table=images.TABLE_8MB[:2]), "names no application"),
        (images.whole(images.application(payload=b"x" * 8192), ((0, 0, 0x10000, 4096, b"small"),)), "too large: 8,"),
        (pack([("other.mpy", b"M")]), "lacks lightwave_hw/start.mpy"),
        (pack([("lightwave_hw/start.mpy", b"M")])[:-1], "archive without its end"),
    ],
)
def test_anything_else_is_refused_with_its_cause_and_a_next_step(data: bytes, cause: str) -> None:
    with pytest.raises(FlashError) as refusal:
        recognise(FILE, data)
    assert cause in refusal.value.cause
    assert refusal.value.remedy


def test_a_table_ends_with_its_last_entry() -> None:
    assert partition_table(b"\xff" * 64) == []
    assert images.whole()[TABLE_AT : TABLE_AT + 2] == b"\xaa\x50"
