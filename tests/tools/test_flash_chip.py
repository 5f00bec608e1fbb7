"""The real esptool against the ROM loader's emulator: what is read of a chip, what is written, each fault's cause."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest
from _flash_chip import Chip
from _flash_errors import FlashError, explained

from tests.tools import flash_images as images
from tests.tools.rom_chip import Chip as Soldered
from tests.tools.rom_loader import Faults, RomLoader

PLACE = 0x10000
DATA = os.urandom(100_000) + bytes(60_000)


def ignore(part: float) -> None:
    pass


@pytest.mark.parametrize("stub", [True, False], ids=["stub", "rom"])
def test_facts_of_the_chip(stub: bool) -> None:
    with RomLoader(Soldered(flash_mb=16, psram_mb=16)) as board, Chip(board.port, stub=stub) as chip:
        facts = chip.facts()
    assert (facts.mac, facts.flash_bytes, facts.psram_mb) == ("02:4B:31:5E:00:01", 16 << 20, 16)
    assert board.stub == stub


@pytest.mark.parametrize("stub", [True, False], ids=["stub", "rom"])
def test_writes_verifies_and_reports_progress(stub: bool) -> None:
    told: list[float] = []
    with RomLoader() as board, Chip(board.port, stub=stub) as chip:
        chip.write(PLACE, DATA, told.append)
    assert board.silicon.flash[PLACE : PLACE + len(DATA)] == DATA
    assert told == sorted(told) and told[-1] == 1.0


def test_what_is_there_already_is_not_written_again() -> None:
    with RomLoader() as board, Chip(board.port) as chip:
        chip.write(PLACE, DATA, ignore)
        chip.write(PLACE, DATA, ignore)
    assert board.written == [PLACE]


@pytest.mark.parametrize("stub", [True, False], ids=["stub", "rom"])
def test_reads_the_boards_partition_table(stub: bool) -> None:
    with RomLoader() as board:
        board.silicon.flash[0x8000:0x8C00] = images.partition_table(images.TABLE_8MB)
        with Chip(board.port, stub=stub) as chip:
            assert [each.label for each in chip.partitions()] == ["nvs", "otadata", "ota_0", "ota_1", "vfs"]


def test_erases_everything() -> None:
    with RomLoader() as board, Chip(board.port) as chip:
        chip.write(PLACE, DATA, ignore)
        chip.erase()
    assert set(board.silicon.flash) == {0xFF}


def test_a_byte_lost_on_the_way_is_sent_again() -> None:
    with RomLoader(faults=Faults(drop={1, 4})) as board, Chip(board.port) as chip:
        chip.write(PLACE, DATA, ignore)
    assert board.silicon.flash[PLACE : PLACE + len(DATA)] == DATA


@pytest.mark.parametrize(
    ("soldered", "faults", "cause"),
    [
        (Soldered(), Faults(no_sync=True), "nothing answers as an ESP32"),
        (Soldered(chip_id=5), Faults(), "the chip is an ESP32-C3"),
        (Soldered(chip_id=77), Faults(), "none that esptool knows"),
        (Soldered(), Faults(drop=set(range(3, 100))), "the connection lost bytes"),
        (Soldered(), Faults(die_after=3), "the connection lost bytes"),
        (Soldered(), Faults(wrong_md5=9), "not what was written"),
        (Soldered(real_flash_mb=1), Faults(), "not what was written"),
        (Soldered(flash_mb=2), Faults(), "too large for the flash"),
    ],
    ids=["no sync", "wrong chip", "unknown chip", "dropped bytes", "silence", "bad MD5", "false flash", "short flash"],
)
def test_each_fault_has_its_cause(soldered: Soldered, faults: Faults, cause: str) -> None:
    place = (2 << 20) - 4096
    with RomLoader(soldered, faults) as board, pytest.raises(FlashError, match=cause), Chip(board.port) as chip:
        chip.write(place, DATA, ignore)


def test_a_port_in_use_is_said_to_be() -> None:
    ends = pty.openpty()
    port = os.ttyname(ends[1])
    script = "import serial, sys; line = serial.Serial(sys.argv[1], exclusive=True); print(1, flush=True); input()"
    command = [sys.executable, "-c", script, port]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(FlashError, match="another program uses the port"), Chip(port):
            pass
        other.communicate("\n")
    for end in ends:
        os.close(end)


@pytest.mark.parametrize(
    ("error", "cause", "remedy"),
    [
        (PermissionError(13, "Permission denied"), "no permission", "sudo usermod -aG "),
        (FileNotFoundError(2, "No such file"), "no such port", "Plug the board in"),
        (OSError(25, "Inappropriate ioctl for device"), "no serial port", "--list"),
        (RuntimeError("Wrong boot mode detected (0x8)!"), "starts its program", "Hold BOOT"),
        (RuntimeError("something\nnobody foresaw"), "esptool says: something nobody foresaw", "--resume"),
    ],
)
def test_words_of_others_are_translated(error: Exception, cause: str, remedy: str) -> None:
    holder, line = pty.openpty()
    try:
        meant = explained(error, os.ttyname(line))
    finally:
        os.close(holder)
        os.close(line)
    assert cause in meant.cause and remedy in meant.remedy
