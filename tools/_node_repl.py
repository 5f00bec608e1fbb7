"""A node at its REPL, by mpremote's serial transport: what it is, its files, its configuration, its reset."""

from __future__ import annotations

import ast
import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import serial
from _flash_errors import FlashError, explained
from _flash_file import OLDEST_STOCK
from mpremote.transport import TransportError  # type: ignore[import-untyped]
from mpremote.transport_serial import SerialTransport  # type: ignore[import-untyped]

READ_TIMEOUT_S = 5
LOOK_S = 0.05
PROMPT_ATTEMPTS, PROMPT_S = 6, 2  # an application takes up to a second to stop its threads
CHUNK = 1024  # of a file, on its way to the node
CONFIG = "/config.json"
# MP_NATIVE_ARCH_... in MicroPython's py/mpconfig.h: what sys.implementation._mpy says, and what mpy-cross calls it.
ARCHITECTURES = {1: "x86", 2: "x64", 9: "xtensa", 10: "xtensawin"}
_STOCK = "ESP32_GENERIC_S3"
_OURS = "K1_S3"

_FACTS = """
import sys, os, machine
print((sys.platform, getattr(sys.implementation, '_build', ''), sys.implementation.version[:3],
    getattr(sys.implementation, '_mpy', 0), bytes(machine.unique_id()), os.uname().machine))
"""
_HASHES = """
import os, hashlib
def _walk(folder):
    try:
        entries = list(os.ilistdir(folder))
    except OSError:
        return
    for entry in entries:
        path = folder + '/' + entry[0]
        if entry[1] == 0x4000:
            _walk(path)
        else:
            _print(path)
def _print(path):
    digest = hashlib.sha256()
    block = bytearray(1024)
    view = memoryview(block)
    try:
        with open(path, 'rb') as file:
            while True:
                count = file.readinto(block)
                if not count:
                    break
                digest.update(view[:count])
        print(path, digest.digest().hex())
    except OSError:
        pass
"""
_USE_LIB = """
try:
    import loader
    record = loader.read()
    if record.slot or record.trial:
        record.slot = record.trial = 0
        loader.write(record)
except ImportError:
    pass
"""


@dataclass(frozen=True)
class NodeFacts:
    """`build` is the board MicroPython was built for, `machine` what it says of itself."""

    build: str
    version: tuple[int, ...]
    architecture: str
    mpy: tuple[int, int]
    mac: str
    machine: str

    @property
    def board(self) -> str:
        """Whose config.json it starts from: a folder of boards/."""
        return _OURS if self.build == _OURS else "GENERIC_S3"

    @property
    def is_frozen(self) -> bool:
        """Whether the node's modules are in its image, where files of /lib do not come before them."""
        return self.build == _OURS


class Repl:
    """A context manager. Entering stops what runs; leaving lets go of the port. Everything raises FlashError."""

    def __init__(self, port: str) -> None:
        self._port = port
        self._transport: Any = None

    def __enter__(self) -> Repl:
        try:
            self._transport = SerialTransport(self._port, timeout=READ_TIMEOUT_S)
        except (TransportError, OSError) as error:
            raise self._not_opened(error) from None
        try:
            self._interrupt()
            self._transport.enter_raw_repl(soft_reset=False)
        except (TransportError, OSError):
            self._close()
            raise FlashError(
                f"no MicroPython answers on {self._port}",
                "Flash one with --image; a node that hangs needs its RESET button first",
            ) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _interrupt(self) -> None:
        """Get a prompt. What a node is sent while it starts over is lost, so it is asked more than once."""
        line = self._transport.serial
        line.timeout = LOOK_S
        said = b""
        for _ in range(PROMPT_ATTEMPTS):
            line.write(b"\r\x03\x02")  # stop what runs; leave the raw REPL if it is there
            until = time.monotonic() + PROMPT_S
            while time.monotonic() < until:
                said = (said + line.read(line.in_waiting or 1))[-16:]
                if said.endswith(b">>> "):
                    line.timeout = READ_TIMEOUT_S
                    return
        raise TransportError("no prompt")

    def _not_opened(self, error: Exception) -> FlashError:
        # mpremote does not say why: trying it again without mpremote does.
        try:
            serial.Serial(self._port, exclusive=True).close()
        except OSError as cause:
            return explained(cause, self._port)
        return FlashError("another program had the port for a moment", "Run it again")

    def _close(self) -> None:
        if self._transport is not None:
            try:
                if self._transport.in_raw_repl:  # not asked to start over: whoever comes next finds a prompt
                    self._transport.exit_raw_repl()
                self._transport.close()
            except OSError:
                pass  # it went with its board
            self._transport = None

    def exec(self, code: str, timeout_s: float = 20) -> str:
        """What the code prints. The node's traceback is the cause when it raises."""
        try:
            output, error = self._transport.exec_raw(code, timeout=timeout_s)
        except (TransportError, OSError):
            raise FlashError("the node stopped answering", "Press its RESET button and run it again") from None
        if error:
            last = error.decode(errors="replace").strip().splitlines()[-1]
            full = re.search(r"OSError: .*(28|ENOSPC)", last)
            remedy = "Remove files from it, or flash with --erase" if full else "Flash it again with --erase"
            raise FlashError(f"the node says {last}", remedy)
        return str(output.decode(errors="replace"))

    def facts(self) -> NodeFacts:
        """Raises FlashError also for a board that no node can run on."""
        platform, build, version, mpy, unique, machine = ast.literal_eval(self.exec(_FACTS).strip().splitlines()[-1])
        if platform != "esp32" or not ("ESP32S3" in machine or machine.startswith("K1 ")):
            raise FlashError(f"the board is no ESP32-S3 but a {machine}", "Choose another port: --list names them")
        if build.startswith(_STOCK) and tuple(version) < OLDEST_STOCK:
            has = ".".join(map(str, version))
            raise FlashError(f"the board has MicroPython {has}", "Flash 1.28 or newer with --image")
        architecture = ARCHITECTURES.get(mpy >> 10 & 15)
        if architecture is None:
            raise FlashError("its MicroPython takes no machine code", "Flash MicroPython's ESP32_GENERIC_S3")
        mac = ":".join(f"{byte:02X}" for byte in unique)
        return NodeFacts(build, tuple(version), architecture, (mpy & 255, mpy >> 8 & 3), mac, machine)

    def hashes(self, folders: Iterable[str], files: Iterable[str]) -> dict[str, str]:
        """Path: SHA-256 of the files there are, all of those folders."""
        asked = "".join(f"_walk({folder!r})\n" for folder in folders) + "".join(f"_print({file!r})\n" for file in files)
        lines = self.exec(_HASHES + asked, 60).splitlines()
        return dict(line.rsplit(" ", 1) for line in lines if line.startswith("/"))

    def put(self, path: str, data: bytes, progress: Callable[[int], None] = lambda count: None) -> None:
        """Write a file beside its place and put it there whole. `progress` is told of each piece's bytes."""
        folders = [path[:at] for at in range(1, len(path)) if path[at] == "/"]
        make = "".join(f"try:\n os.mkdir({folder!r})\nexcept OSError:\n pass\n" for folder in folders)
        self.exec(f"import os\n{make}f = open({path + '.new'!r}, 'wb')\nw = f.write")
        for at in range(0, len(data), CHUNK):
            piece = data[at : at + CHUNK]
            self.exec(f"w({piece!r})")
            progress(len(piece))
        self.exec(f"f.close()\nos.rename({path + '.new'!r}, {path!r})")

    def remove(self, paths: Iterable[str]) -> None:
        for path in paths:
            self.exec(f"import os\nos.remove({path!r})")

    def config(self) -> dict[str, Any] | None:
        """The node's configuration; None where there is none, or none that is JSON."""
        try:
            text = self.exec(f"print(repr(open({CONFIG!r}).read()))")
            values = json.loads(ast.literal_eval(text.strip().splitlines()[-1]))
        except (FlashError, ValueError, SyntaxError):
            return None
        return values if isinstance(values, dict) else None

    def put_config(self, values: Mapping[str, Any]) -> None:
        self.put(CONFIG, json.dumps(values).encode())

    def use_lib(self) -> None:
        """Have the application in /lib started, not one that an update brought."""
        self.exec(_USE_LIB)

    def run_mounted(self, folder: Path, modules: Iterable[str], told: Callable[[bytes], None]) -> None:
        """Import modules from this machine's folder and run its main.py; `told` gets what that prints. Ctrl-C here is
        one there."""
        try:
            self._transport.enter_raw_repl(soft_reset=True)  # nothing that was imported before is left
            self._transport.mount_local(str(folder))
            for name in modules:
                self.exec(f"import {name}", 60)
            self._transport.exec_raw_no_follow("import main")
            self._follow(told)
            self._transport.umount_local()
        except (TransportError, OSError):
            raise FlashError("the node stopped answering", "Press its RESET button and run it again") from None

    def _follow(self, told: Callable[[bytes], None]) -> None:
        while True:
            try:
                self._transport.follow(timeout=None, data_consumer=lambda data: told(data.replace(b"\x04", b"")))
                return
            except KeyboardInterrupt:
                self._transport.serial.write(b"\x03")  # and go on: it has something to say at its end

    def reset(self) -> serial.Serial:
        """As after power on. The line, still open: what the node says at once is lost to whoever opens it only then."""
        try:
            self._transport.exec_raw_no_follow("import machine\nmachine.reset()")
        except (TransportError, OSError):
            pass  # it was faster than its answer
        return self._handed_over()

    def restart(self) -> serial.Serial:
        """A soft reset: boot.py and main.py run again. The line, as `reset` gives it."""
        try:
            self._transport.exit_raw_repl()
            self._transport.serial.write(b"\x04")
        except OSError:
            raise FlashError("the node stopped answering", "Press its RESET button and run it again") from None
        return self._handed_over()

    def _handed_over(self) -> serial.Serial:
        line: serial.Serial = self._transport.serial
        self._transport = None
        return line
