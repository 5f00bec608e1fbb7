"""Watching a node start: its serial output until it has said hello to its hub, or until it is clear why it has not."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import serial
from _flash_errors import FlashError, explained

LOOK_S = 0.1
MAX_LINES = 40  # kept for whoever wants to know more
_ROM = re.compile(r"^rst:0x|^ESP-ROM:")
_LOOPS = 4  # a start that fails is over in a second; the ROM says two lines at each
_BOOTED = re.compile(r"\[GPU TASK\] Running on Core|\[WIFI\] |\[CTRL\] ")
_VERSION = re.compile(r"\[BOOT\] K1 LightwaveOS (\S+) mac=")
_HELLO = re.compile(r"\[CTRL\] welcome node (\d+)")
_JOINING = re.compile(r"\[WIFI\] joining (.*)")
_JOINED = re.compile(r"\[WIFI\] joined ")
_COMPLAINT = re.compile(r"\[CTRL\] (hub .*)")
_CONFIG = re.compile(r"\[BOOT\] (config\.json: (?!.*is unknown and ignored).*)")
_FAILED = "[BOOT] the node has failed:"
_ERROR = re.compile(r"^(\w+(Error|Exception|Interrupt)\b.*)")


class Boot:
    """What the lines so far mean; `told` gets each as it comes. `failure` is what ended the node's start, `loop` what
    keeps the board from starting anything. `at_prompt` when MicroPython waits for input."""

    def __init__(self, told: Callable[[str], None] = lambda line: None) -> None:
        self.booted = self.at_prompt = False
        self.node_id: int | None = None
        self.version = ""
        self.failure: FlashError | None = None
        self.loop: FlashError | None = None
        self.lines: list[str] = []
        self._told = told
        self._rest = ""
        self._starts = 0
        self._joining = self._complaint = ""
        self._joined = self._failed = False

    def feed(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).replace("\r", "").split("\n")
        for line in lines:
            self.lines = [*self.lines[1 - MAX_LINES :], line]
            self._told(line)
            self._take(line)
        self.at_prompt = self._rest.startswith(">>> ")

    def _take(self, line: str) -> None:
        if _ROM.search(line):
            self._starts += 1
            if self._starts >= 2 * _LOOPS:
                self.loop = self._boot_loop()
        self.booted = self.booted or _BOOTED.search(line) is not None
        if found := _VERSION.search(line):
            self.version = found[1]
        elif found := _HELLO.search(line):
            self.node_id = int(found[1])
        elif found := _JOINING.search(line):
            self._joining = found[1]
        elif _JOINED.search(line):
            self._joined = True
        elif found := _COMPLAINT.search(line):
            self._complaint = found[1]
        elif found := _CONFIG.search(line):
            self.failure = FlashError(f"the node refuses its {found[1]}", "Give that key another value")
        self._failed = self._failed or _FAILED in line
        if self._failed and (found := _ERROR.search(line)):
            self.failure = FlashError(f"the node has failed: {found[1]}", self._remedy_of(found[1]))

    def _remedy_of(self, error: str) -> str:
        if error.startswith("MemoryError"):
            return "Two strips of 160 need PSRAM on a stock board: shorten --leds, or flash our image"
        return "`mpremote connect PORT` shows the whole traceback; deploy again, or --rollback to what worked"

    def _boot_loop(self) -> FlashError:
        text = "\n".join(self.lines)
        if "invalid header" in text:
            return FlashError("the board starts over and over: its flash holds no program", "Flash one by --image")
        panic = re.search(r"Guru Meditation Error: (.*)", text)
        why = f": {panic[1].strip()}" if panic else ""
        return FlashError(
            f"the board starts over and over{why}", "Flash another image with --erase; check its power supply too"
        )

    def late(self, seconds: float) -> FlashError:
        """Why there was no hello in that time."""
        if not any(self.lines):
            return FlashError(
                f"the board says nothing for {seconds:g} s", "Press RESET; is this the port of the same board still?"
            )
        if not self.booted:
            last = next(line for line in reversed(self.lines) if line)
            return FlashError(f"the node has not started; its last words: {last[:100]}", "Deploy again with --erase")
        if not self._joined and self._joining:
            return FlashError(
                f"the node cannot join {self._joining}", "Is the access point up? Give --ssid and the password again"
            )
        why = self._complaint or "the hub has not answered"
        if "join_key" in why:
            return FlashError(f"no hello: {why}", "Give the key of the hub's fleet with --join-key-file")
        return FlashError(f"no hello: {why}", "Start the hub with `k1 hub`, or give its address with --hub")


def watch(
    port: str,
    seconds: float,
    want_hello: bool = True,
    line: serial.Serial | None = None,
    look: Callable[[], None] = lambda: None,
) -> Boot:
    """Read the port (by `line`, where it is open already) until the node is up (and has said hello). Closes the line.
    `look` is called meanwhile and may raise. Raises FlashError."""

    def is_up(boot: Boot) -> bool:
        look()
        if boot.failure is not None:
            raise boot.failure
        return boot.booted and (boot.node_id is not None or not want_hello)

    boot = Boot()
    if not read_until(is_up, boot, port, seconds, line):
        raise boot.late(seconds)
    return boot


def settle(port: str, seconds: float, look: Callable[[], None] = lambda: None) -> None:
    """Wait until MicroPython or a node has come up behind the port, or that time is over: a port that came up late has
    missed the words. `look` as above. Raises FlashError for a board that starts over and over."""

    def is_up(boot: Boot) -> bool:
        look()
        return boot.at_prompt or boot.booted

    read_until(is_up, Boot(), port, seconds)


def read_until(
    condition: Callable[[Boot], bool], boot: Boot, port: str, seconds: float, line: serial.Serial | None = None
) -> bool:
    deadline = time.monotonic() + seconds
    if line is not None:
        line.timeout = LOOK_S
    try:
        while time.monotonic() < deadline:
            try:
                if line is None:
                    line = serial.Serial(port, 115200, timeout=LOOK_S)
                boot.feed(line.read(max(1, line.in_waiting)).decode(errors="replace"))
            except OSError as error:  # pyserial's own is one
                # A board with USB of its own goes and comes with its reset.
                line = None
                if time.monotonic() + LOOK_S > deadline:
                    raise explained(error, port) from None
                time.sleep(LOOK_S)
            if boot.loop is not None:
                raise boot.loop
            if condition(boot):
                return True
        return False
    finally:
        if line is not None:
            line.close()
