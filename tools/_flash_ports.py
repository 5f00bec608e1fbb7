"""Which serial ports boards are on: pyserial's list, judged by USB ids."""

from __future__ import annotations

import os
from dataclasses import dataclass

from _flash_errors import FlashError, explained
from serial.tools import list_ports

_ESPRESSIF = 0x303A
_NATIVE = {0x1001: "USB-Serial/JTAG", 0x0009: "USB of the ROM loader", 0x4001: "USB of MicroPython"}
_BRIDGES = {
    (0x10C4, 0xEA60): "CP210x", (0x1A86, 0x7523): "CH340", (0x1A86, 0x55D3): "CH343", (0x1A86, 0x55D4): "CH9102",
    (0x0403, 0x6001): "FT232R", (0x0403, 0x6010): "FT2232H", (0x0403, 0x6015): "FT231X",
}  # fmt: skip


@dataclass(frozen=True)
class Port:
    """`is_espressif` when the USB ids are a chip's own and not an adapter's, behind which anything can be."""

    device: str
    what: str
    serial_number: str
    is_espressif: bool


def found() -> list[Port]:
    """Ports that a board may be on, the surest first."""
    ports = []
    for each in list_ports.comports():
        if each.vid == _ESPRESSIF:
            what = f"Espressif, {_NATIVE.get(each.pid, 'unknown')}"
        elif (each.vid, each.pid) in _BRIDGES:
            what = f"{_BRIDGES[each.vid, each.pid]} adapter"
        else:
            continue
        ports.append(Port(each.device, what, each.serial_number or "", each.vid == _ESPRESSIF))
    return sorted(ports, key=lambda port: (not port.is_espressif, port.device))


def chosen(named: list[str], every: bool) -> list[str]:
    """The ports to work on: those named, all there are, or the only one. Raises FlashError."""
    if not named:
        there = [port.device for port in found()]
        if not there:
            raise FlashError(
                "no board is plugged in", "Use a cable with data lines; in a virtual machine, pass the USB device on"
            )
        if len(there) > 1 and not every:
            raise FlashError(f"{len(there)} boards are there: {', '.join(there)}", "Name one by --port, or use --all")
        named = there
    for device in named:
        _check_permission(device)
    return list(dict.fromkeys(named))


def _check_permission(device: str) -> None:
    if not os.path.exists(device):  # noqa: PTH110 - Windows' COM3 is no path
        raise explained(FileNotFoundError(2, "No such file", device), device)
    if not os.access(device, os.R_OK | os.W_OK):
        raise explained(PermissionError(13, "Permission denied", device), device)
