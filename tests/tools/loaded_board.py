"""A whole board behind one serial port: the ROM loader's emulator, and the SIM board where MicroPython would start."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from _node_repl import CONFIG, Repl

from lightwave_sim import SimNode, SimOptions
from lightwave_sim.addresses import AddressBlock
from lightwave_sim.options import PERSONALITIES
from tests.tools.rom_chip import Chip
from tests.tools.rom_loader import Faults, RomLoader

PASSWORD = "never-to-be-printed"


class LoadedBoard:
    """A context manager. The SIM board has an empty file system; its access point's password is PASSWORD."""

    def __init__(
        self, directory: Path, number: int = 1, chip: Chip | None = None, faults: Faults | None = None
    ) -> None:
        self._block = AddressBlock()
        self.mac = f"02:4B:31:5E:00:{number:02X}"
        chip = chip or Chip()
        chip.mac = self.mac
        self.loader = RomLoader(chip, faults)
        self.loader.program = self._start
        stock = PERSONALITIES["GENERIC_S3"]
        self.node = SimNode(
            SimOptions(
                directory / f"board{number}", mac=self.mac, ip=self._block.node(number), password=PASSWORD,
                application=False, tick_hz=stock.tick_hz, udp_mailbox=stock.udp_mailbox, heap_kb=stock.heap_kb,
            )
        )  # fmt: skip
        self.started_from: list[int] = []
        self._line: int | None = None

    @property
    def port(self) -> str:
        return self.loader.port

    def _start(self, application: int) -> int:
        """What runs when the bootloader has found an application."""
        self.started_from.append(application)
        if not self.node.running:
            self.node.start()
            self.node.wait_for(">>> ")
            with Repl(self.node.serial_path) as repl:
                repl.remove([CONFIG])  # which SIM nodes are born with
        if self._line is None:
            self._line = os.open(self.node.serial_path, os.O_RDWR | os.O_NOCTTY)
        os.write(self._line, b"\x02")  # the friendly REPL again, with its prompt
        return self._line

    def __enter__(self) -> LoadedBoard:
        self.loader.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.loader.__exit__(kind, error, trace)
        if self._line is not None:
            os.close(self._line)
        self.node.stop()
        self._block.release()
