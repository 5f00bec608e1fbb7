"""What is soldered on a board, as its loader sees it: the flash with its controller's registers, the eFuses."""

from __future__ import annotations

import struct
from dataclasses import dataclass

SECTOR = 4096
IMAGE = 0xE9
ESP32_S3 = 9

SPI = 0x60002000  # of the flash's controller; offsets of its registers
SPI_COMMAND, SPI_ADDRESS, SPI_USER2, SPI_DATA = SPI, SPI + 4, SPI + 0x20, SPI + 0x58
SPI_RUN = 1 << 18
READ_ID, READ_SFDP, SFDP_SIGNATURE = 0x9F, 0x5A, 0x50444653
CHIP_MAGIC = 0x40001000
MAC_LOW, MAC_HIGH = 0x60007044, 0x60007048
PSRAM_LOW, PSRAM_HIGH = 0x60007054, 0x60007058  # words 4 and 5 of eFuse block 1
RESET_CAUSE = 0x6000812C  # esptool clears "download mode by USB" here as the last thing before it pulls the reset line
PSRAM_CODES = {0: 0, 8: 1, 2: 2, 16: 3, 4: 4}  # megabytes: what the eFuses say
SIZE_CODES = {2: 0x15, 4: 0x16, 8: 0x17, 16: 0x18}


@dataclass
class Chip:
    """What is soldered on; sizes in megabytes. `real_flash_mb` is what a mislabelled flash really holds."""

    chip_id: int = ESP32_S3
    mac: str = "02:4B:31:5E:00:01"
    flash_mb: int = 8
    psram_mb: int = 8
    real_flash_mb: int | None = None


class Silicon:
    """`flash` erases to 0xFF and programs by AND, as flash does."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self.flash = bytearray(b"\xff" * ((chip.real_flash_mb or chip.flash_mb) << 20))
        self.registers = {CHIP_MAGIC: chip.chip_id}
        mac = int(chip.mac.replace(":", ""), 16)
        psram = PSRAM_CODES[chip.psram_mb]
        self.registers.update(
            {MAC_LOW: mac & 0xFFFFFFFF, MAC_HIGH: mac >> 32, PSRAM_LOW: (psram & 3) << 3, PSRAM_HIGH: psram >> 2 << 19}
        )

    def write_register(self, address: int, value: int, mask: int) -> None:
        self.registers[address] = self.registers.get(address, 0) & ~mask | value & mask
        if self.registers.get(SPI_COMMAND, 0) & SPI_RUN:
            self._run_spi_command()

    def _run_spi_command(self) -> None:
        registers = self.registers
        registers[SPI_COMMAND] = 0
        command = registers.get(SPI_USER2, 0) & 0xFF
        if command == READ_ID:
            registers[SPI_DATA] = 0xC8 | 0x40 << 8 | SIZE_CODES[self.chip.flash_mb] << 16
        elif command == READ_SFDP:
            registers[SPI_DATA] = SFDP_SIGNATURE if registers.get(SPI_ADDRESS, 0) == 0 else 0xC8

    def erase(self, at: int, size: int) -> None:
        begin, end = at // SECTOR * SECTOR, min(len(self.flash), -(-(at + size) // SECTOR) * SECTOR)
        self.flash[begin:end] = b"\xff" * max(0, end - begin)

    def program(self, start: int, data: bytes) -> None:
        for number, byte in enumerate(data, start):
            if number < len(self.flash):  # beyond its end, a flash takes nothing
                self.flash[number] &= byte

    def application(self) -> int | None:
        """What the bootloader would start; None where it finds nothing."""
        table = self.flash[0x8000:0x8C00]
        entries = [struct.unpack_from("<2sBBII", table, at) for at in range(0, len(table), 32)]
        entries = [entry for entry in entries if entry[0] == b"\xaa\x50"]
        slots = [offset for _, kind, _, offset, _ in entries if kind == 0]
        chosen = 0
        for _, kind, subtype, offset, _ in entries:
            if (kind, subtype) == (1, 0):  # otadata: two sectors, each with a sequence number
                numbers = [struct.unpack_from("<I", self.flash, offset + at)[0] for at in (0, SECTOR)]
                chosen = max([0, *(number for number in numbers if number != 0xFFFFFFFF)])
        if self.flash[0] != IMAGE or not slots:
            return None
        place = slots[(chosen - 1) % len(slots) if chosen else 0]
        return place if self.flash[place] == IMAGE else None
