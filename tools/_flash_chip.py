"""A chip in download mode, by esptool as a library: what it is, erasing, writing, verifying, resetting.

esptool's own words go to a log that each thread has for itself, so several boards can be flashed side by side.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import serial
from _flash_errors import FlashError, explained
from _flash_file import TABLE_AT, TABLE_SIZE, Partition, partition_table
from esp_pylib.logger import EspLog, EspLogBase
from esptool import cmds  # type: ignore[import-untyped]
from esptool.loader import ESPLoader  # type: ignore[import-untyped]
from esptool.util import FatalError, flash_size_bytes  # type: ignore[import-untyped]

CHIP = "ESP32-S3"
FAST_BAUD = 921600
_PSRAM_MB = {0: 0, 1: 8, 2: 2, 3: 16, 4: 4}  # what the eFuses of an ESP32-S3 say, in esptool's order

Progress = Callable[[float], None]


class _ThreadLog(EspLogBase):
    """esptool's log. Words are dropped, as errors come as exceptions; progress goes to the thread that makes it."""

    def __init__(self) -> None:
        self.local = threading.local()

    def print(self, *args: Any, **kwargs: Any) -> None:
        pass

    def err(self, *args: Any, suggestion: str | None = None) -> None:
        pass

    def warn(self, *args: Any, suggestion: str | None = None) -> None:
        pass

    note = hint = debug = print

    def set_verbosity(self, mode: int | str) -> None:
        pass

    def progress_bar(
        self, cur_iter: int, total_iters: int, prefix: str = "", suffix: str = "", bar_length: int = 30
    ) -> None:
        progress = getattr(self.local, "progress", None)
        if progress is not None:
            progress(cur_iter / max(1, total_iters))


_LOG = _ThreadLog()
EspLog.instance = _LOG


@dataclass(frozen=True)
class ChipFacts:
    """`psram_mb` is what is in the chip's package; one on the board beside it does not show."""

    mac: str
    flash_bytes: int
    psram_mb: int


class Chip:
    """A context manager: connected when entered. Everything raises FlashError."""

    def __init__(self, port: str, baud: int = FAST_BAUD, stub: bool = True) -> None:
        self._port = port
        self._baud = baud
        self._stub = stub
        self._esp: ESPLoader | None = None

    def __enter__(self) -> Chip:
        try:
            self._guarded(self._connect)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._esp is not None:
            with suppress(OSError):
                self._esp._port.close()
            self._esp = None

    @property
    def _chip(self) -> ESPLoader:
        assert self._esp is not None, "only between entering and leaving"
        return self._esp

    def _guarded(self, act: Callable[[], Any], progress: Progress | None = None) -> Any:
        _LOG.local.progress = progress
        try:
            return act()
        except (FatalError, serial.SerialException, OSError) as error:
            raise explained(error, self._port) from None
        finally:
            _LOG.local.progress = None

    def _connect(self) -> None:
        self._esp = esp = cmds.detect_chip(self._port)
        if esp.CHIP_NAME != CHIP:
            raise FlashError(f"the chip is an {esp.CHIP_NAME}, not an {CHIP}", "Only ESP32-S3 boards can be nodes")
        if self._stub:
            self._esp = esp = cmds.run_stub(esp)
            if self._baud != esp.get_baud() and not esp.uses_usb_jtag_serial():
                esp.change_baud(self._baud)
        cmds.attach_flash(esp)

    def facts(self) -> ChipFacts:
        facts: ChipFacts = self._guarded(self._facts)
        return facts

    def _facts(self) -> ChipFacts:
        size = cmds.detect_flash_size(self._chip)
        if size is None:
            raise FlashError("the flash chip does not say its size", "Check the board: its flash may not be connected")
        mac = ":".join(f"{byte:02X}" for byte in self._chip.read_mac("BASE_MAC"))
        return ChipFacts(mac, flash_size_bytes(size), _PSRAM_MB.get(self._chip.get_psram_cap(), 0))

    def erase(self) -> None:
        if self._stub:
            self._guarded(lambda: cmds.erase_flash(self._chip))
            return
        raise FlashError("the ROM loader alone cannot erase the whole flash", "Leave out --no-stub or --erase")

    def partitions(self) -> list[Partition]:
        """What the board's partition table says; empty where there is none."""
        return partition_table(self._guarded(lambda: self._chip.read_flash(TABLE_AT, TABLE_SIZE)))

    def write(self, at: int, data: bytes, progress: Progress) -> None:
        """Write and verify; what lies there already is only verified."""
        self._guarded(lambda: cmds.write_flash(self._chip, [(at, data)], skip_flashed=True), progress)

    def reset(self) -> None:
        self._guarded(lambda: cmds.reset_chip(self._chip, "hard-reset"))
