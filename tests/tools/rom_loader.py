"""A serial port with an ESP32-S3 in download mode behind it: what esptool talks to when no board is at hand.

It speaks the serial protocol of esptool's documentation ("Serial Protocol"): the ROM loader's half, and the flasher
stub's once one was uploaded and started. The flash is a bytearray that erases to 0xFF and programs by AND, as flash
does. When it is reset it starts what lies there: a program of the test's takes over the port. With nothing to start, it
says so and starts over, as the ROM does.
"""

from __future__ import annotations

import hashlib
import os
import select
import struct
import threading
import tty
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.tools.rom_chip import RESET_CAUSE, SECTOR, Chip, Silicon

END, ESCAPE = b"\xc0", b"\xdb"
LOOP_S = 0.05
ROM_SAYS = b"ESP-ROM:esp32s3-20210327\r\nrst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n"

FLASH_BEGIN, FLASH_DATA, FLASH_END, MEM_BEGIN, MEM_END, MEM_DATA, SYNC = 2, 3, 4, 5, 6, 7, 8
WRITE_REG, READ_REG, SET_PARAMS, ATTACH, READ_SLOW, CHANGE_BAUD = 9, 10, 11, 13, 14, 15
DEFL_BEGIN, DEFL_DATA, DEFL_END, MD5, SECURITY_INFO = 16, 17, 18, 19, 20
ERASE_FLASH, ERASE_REGION, READ_FLASH = 0xD0, 0xD1, 0xD2

ROM_BAD_MESSAGE, STUB_BAD_LENGTH, STUB_BAD_CHECKSUM, ROM_BAD_CHECKSUM = 0x05, 0xC0, 0xC1, 0x07


@dataclass
class Faults:
    """`drop` names the numbers (from 0) of data frames on their way to the chip that lose a byte; `wrong_md5` says how
    many digests are wrong; `die_after` data frames the chip is silent for good."""

    no_sync: bool = False
    drop: set[int] = field(default_factory=set)
    wrong_md5: int = 0
    die_after: int | None = None


class RomLoader:
    """A context manager; `port` is what to give esptool. `program` is called with the offset of the application that
    the bootloader would start, in the loader's thread; it returns a file descriptor that the port is joined to."""

    def __init__(self, chip: Chip | None = None, faults: Faults | None = None) -> None:
        self.silicon = Silicon(chip or Chip())
        self.faults = faults or Faults()
        self.stub = False
        self.erased_whole = 0
        self.written: list[int] = []  # where each download began
        self.resets = 0
        self.program: Callable[[int], int] | None = None
        self.before_start: Callable[[], None] = lambda: None
        self._running: int | None = None  # the program's descriptor
        self._looping = False
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._data_frames = 0
        self._at = 0  # where the next byte of a download goes
        self._inflate = zlib.decompressobj()
        self._quit_reader, self._quit_writer = os.pipe()
        self._thread = threading.Thread(target=self._serve, name="rom-loader", daemon=True)
        self._commands: dict[int, Callable[[bytes], bytes | None]] = {
            SYNC: lambda data: b"", READ_REG: lambda data: b"", WRITE_REG: self._write_registers,
            ATTACH: lambda data: b"", SET_PARAMS: lambda data: b"", CHANGE_BAUD: lambda data: b"",
            MEM_BEGIN: lambda data: b"", MEM_DATA: lambda data: b"", MEM_END: self._start_stub,
            SECURITY_INFO: lambda data: struct.pack("<IB7xII", 0, 0, self.silicon.chip.chip_id, 0),
            FLASH_BEGIN: self._begin, DEFL_BEGIN: self._begin, FLASH_DATA: self._program, DEFL_DATA: self._inflated,
            FLASH_END: self._end, DEFL_END: self._end, MD5: self._md5, READ_SLOW: self._read_slowly,
            ERASE_FLASH: self._erase_all, ERASE_REGION: self._erase_region, READ_FLASH: lambda data: b"",
        }  # fmt: skip

    def __enter__(self) -> RomLoader:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        os.write(self._quit_writer, b"q")
        self._thread.join()
        for fd in (self.master, self._slave, self._quit_reader, self._quit_writer):
            os.close(fd)

    # ---- the line

    def _serve(self) -> None:
        pending = b""
        while True:
            sources = [self.master, self._quit_reader, *([] if self._running is None else [self._running])]
            ready, _, _ = select.select(sources, [], [], LOOP_S if self._looping else None)
            if self._quit_reader in ready:
                return
            if self._running is not None and self._running in ready:
                self.send(os.read(self._running, 4096))
            elif self.master not in ready:
                self.send(ROM_SAYS + b"invalid header: 0xffffffff\r\n")
            elif self._running is not None:
                os.write(self._running, os.read(self.master, 4096))
            else:
                pending = self._take_frames(pending + os.read(self.master, 65536))

    def _take_frames(self, pending: bytes) -> bytes:
        """Take the whole frames; the rest."""
        while (begin := pending.find(END)) >= 0 and (end := pending.find(END, begin + 1)) >= 0:
            frame = pending[begin + 1 : end]
            if not frame:  # an END that ended the frame before
                pending = pending[end:]
                continue
            pending = pending[end + 1 :]
            self._take(frame.replace(ESCAPE + b"\xdc", END).replace(ESCAPE + b"\xdd", ESCAPE))
        return pending

    def _reset(self) -> None:
        self.stub = False
        self.resets += 1
        self.before_start()
        application = self.silicon.application()
        if application is None:
            self._looping = True
        elif self.program is not None:
            self.send(ROM_SAYS)
            self._running = self.program(application)

    def send(self, text: bytes) -> None:
        """Write to the port; what nobody reads in time is lost, as on a line without flow control."""
        while text and select.select([self._quit_reader], [self.master], [], 5)[1]:
            text = text[os.write(self.master, text) :]

    def _send_frame(self, body: bytes) -> None:
        self.send(END + body.replace(ESCAPE, ESCAPE + b"\xdd").replace(END, ESCAPE + b"\xdc") + END)

    def _answer(self, command: int, data: bytes = b"", value: int = 0, error: int = 0) -> None:
        status = bytes([error != 0, error]) + (b"" if self.stub else b"\0\0")  # the ROM's status is four bytes
        self._send_frame(struct.pack("<BBHI", 1, command, len(data) + len(status), value) + data + status)

    # ---- commands

    def _take(self, frame: bytes) -> None:
        if len(frame) < 8 or frame[0] != 0 or self.faults.no_sync:
            return
        self._looping = False
        command, size, checksum = struct.unpack_from("<BHI", frame, 1)
        data = frame[8:]
        if command in (FLASH_DATA, DEFL_DATA):
            data = self._lossy(data)
            if self.faults.die_after is not None and self._data_frames > self.faults.die_after:
                return
        if len(data) != size:
            self._answer(command, error=STUB_BAD_LENGTH if self.stub else ROM_BAD_MESSAGE)
        elif command in (FLASH_DATA, DEFL_DATA, MEM_DATA) and _checksum(data[16:]) != checksum & 0xFF:
            self._answer(command, error=STUB_BAD_CHECKSUM if self.stub else ROM_BAD_CHECKSUM)
        elif command not in self._commands or (command >= ERASE_FLASH and not self.stub):
            self._answer(command, error=ROM_BAD_MESSAGE)
        else:
            self._carry_out(command, data)

    def _lossy(self, data: bytes) -> bytes:
        number = self._data_frames
        self._data_frames += 1
        return data[:20] + data[21:] if number in self.faults.drop else data

    def _carry_out(self, command: int, data: bytes) -> None:
        answer = self._commands[command](data)
        if answer is None:  # it has answered by itself
            return
        value = 0
        if command == READ_REG:
            value = self.silicon.registers.get(struct.unpack("<I", data)[0], 0)
        elif command == SYNC:
            value = 0 if self.stub else 0x20120707  # nothing but zero tells a stub from the ROM
        for _ in range(8 if command == SYNC else 1):
            self._answer(command, answer, value)
        if command == READ_FLASH:
            self._send_flash(*struct.unpack_from("<II", data))

    def _start_stub(self, data: bytes) -> None:
        self._answer(MEM_END)
        if struct.unpack("<II", data)[1]:  # an entry point
            self.stub = True
            self._send_frame(b"OHAI")

    def _write_registers(self, data: bytes) -> bytes | None:
        for address, value, mask, _ in struct.iter_unpack("<IIII", data):
            self.silicon.write_register(address, value, mask)
        if struct.unpack_from("<I", data)[0] == RESET_CAUSE:
            self._answer(WRITE_REG)
            self._reset()
            return None
        return b""

    # ---- the flash

    def _begin(self, data: bytes) -> bytes:
        size, _, _, self._at = struct.unpack_from("<IIII", data)
        self._inflate = zlib.decompressobj()
        if size:
            self.written.append(self._at)
            self.silicon.erase(self._at, size)
        return b""

    def _write(self, data: bytes) -> None:
        self.silicon.program(self._at, data)
        self._at += len(data)

    def _program(self, data: bytes) -> bytes:
        self._write(data[16:])
        return b""

    def _inflated(self, data: bytes) -> bytes:
        self._write(self._inflate.decompress(data[16:]))
        return b""

    def _end(self, data: bytes) -> bytes:
        return b""

    def _erase_all(self, data: bytes) -> bytes:
        self.erased_whole += 1
        self.silicon.erase(0, len(self.silicon.flash))
        return b""

    def _erase_region(self, data: bytes) -> bytes:
        self.silicon.erase(*struct.unpack("<II", data))
        return b""

    def _md5(self, data: bytes) -> bytes:
        at, size = struct.unpack_from("<II", data)
        digest = hashlib.md5(self.silicon.flash[at : at + size])
        if self.faults.wrong_md5:
            self.faults.wrong_md5 -= 1
            digest.update(b"another bit")
        return digest.digest() if self.stub else digest.hexdigest().encode()

    def _read_slowly(self, data: bytes) -> bytes:
        at, size = struct.unpack("<II", data)
        return bytes(self.silicon.flash[at : at + size]).ljust(64, b"\0")

    def _send_flash(self, at: int, size: int) -> None:
        """The stub sends ahead; the host's counts of what it has come as frames that are no commands."""
        data = bytes(self.silicon.flash[at : at + size])
        for begin in range(0, size, SECTOR):
            self._send_frame(data[begin : begin + SECTOR])
        self._send_frame(hashlib.md5(data).digest())


def _checksum(data: bytes) -> int:
    value = 0xEF
    for byte in data:
        value ^= byte
    return value
