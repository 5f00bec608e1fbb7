"""One board of a burn-in: what its lines mean, and which rules it breaks. No port and no clock of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

BOARD_FPS = 120  # of our image; a board that is set to less is judged by the same share of it
# Lines that start one of these tell of the network around a board, whose timeouts are not the board's.
_NETWORK = ("[CTRL]", "[WIFI]", "[FALLBACK]", "[OTA]")
_FPS = re.compile(r"FPS: (.*)")
_STRIP = re.compile(r"([A-Z])=([\d.]+)")
_AGE = re.compile(r"Audio age: ([\d.]+) ms")
_START = re.compile(r"\[BOOT\] K1 LightwaveOS (?P<version>\S+) mac=(?P<mac>\S+) .*fps=(?P<fps>\d+)")
_ROM = re.compile(r"ESP-ROM:|rst:0x")
# What the firmware, MicroPython and ESP-IDF say when memory or a task is not as it should be.
_CORRUPTION = re.compile(
    r"corrupt|overflow|canary|race condition|torn|guru meditation|panic|assert|abort\(\)|stack smashing|MemoryError"
    r"|Traceback|Unhandled exception|the node has failed|crc error",
    re.IGNORECASE,
)
_TIMEOUT = re.compile(r"time-?out|timed out|watchdog|wdt", re.IGNORECASE)
_UNREADABLE = re.compile(r"[^\x20-\x7e\t\u00a0-\ufffc]")  # U+FFFD stands for bytes that are no text
_ROM_TOGETHER_S = 3.0  # the ROM says several lines, and the firmware its own, at one start
_LONGEST_LINE = 500


@dataclass(frozen=True)
class Limits:
    """The runbook's rules. `settle_s` after a start, rates are not judged yet."""

    least_fps: float = 80.0
    most_age_ms: float = 20.0
    silence_s: float = 10.0
    settle_s: float = 5.0


@dataclass
class Range:
    """Least, mean and most of what came."""

    count: int = 0
    total: float = 0.0
    least: float = float("inf")
    most: float = float("-inf")

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.least = min(self.least, value)
        self.most = max(self.most, value)

    @property
    def mean(self) -> float | None:
        return self.total / self.count if self.count else None


@dataclass
class Period:
    """What is written down of a few seconds."""

    strips: dict[str, Range] = field(default_factory=dict)
    age_ms: Range = field(default_factory=Range)


# What is counted, and each of which fails a board: name in tables, and in words.
FAULTS = {
    "slow": "frame rate too low",
    "old": "sound too old",
    "resets": "reset",
    "timeouts": "timeout",
    "corruption": "corruption or crash",
    "garbage": "unreadable line",
    "silences": "said nothing",
    "unplugged": "port gone",
}


class Board:
    """Fed with text as it comes; `told` gets each fault in words. Times are seconds of one clock, the caller's."""

    def __init__(
        self, port: str, limits: Limits, now_s: float, told: Callable[[str], None] = lambda text: None
    ) -> None:
        self.port = port
        self.mac = self.version = ""
        self.limits = limits
        self.faults = dict.fromkeys(FAULTS, 0)
        self.first_fault: tuple[float, str] | None = None
        self.strips: dict[str, float] = {}
        self.age_ms: float | None = None
        self.lines = self.rates = 0
        self.period = Period()
        self.is_there = True
        self._told = told
        self._rest = ""
        self._began_s = self._heard_s = self._started_s = now_s
        self._starting_s: float | None = None
        self._least_fps = limits.least_fps
        self._silent = False

    @property
    def failed(self) -> bool:
        return any(self.faults.values()) or not self.rates

    @property
    def verdict(self) -> str:
        found = [f"{FAULTS[name]}: {count}" for name, count in self.faults.items() if count]
        if not self.rates and not found:
            found.append('prints no rates: set "print_rates": true in its config.json, or use --prepare')
        return "; ".join(found) if self.failed else "passed"

    def feed(self, text: str, now_s: float) -> list[str]:
        """Whole lines of what came are judged; they are given back for the log."""
        self._heard_s, self._silent = now_s, False
        *lines, self._rest = (self._rest + text).replace("\r", "").split("\n")
        if len(self._rest) > _LONGEST_LINE:
            lines, self._rest = [*lines, self._rest], ""
        for line in lines:
            self._take(line, now_s)
        return lines

    def look(self, now_s: float) -> None:
        """Call it every second: a board that hangs says nothing."""
        if self.is_there and not self._silent and now_s - self._heard_s > self.limits.silence_s:
            self._silent = True
            self._fault("silences", f"nothing for {self.limits.silence_s:g} s", now_s)

    def gone(self, why: str, now_s: float) -> None:
        if self.is_there:
            self.is_there = False
            self._fault("unplugged", why, now_s)

    def back(self, now_s: float) -> None:
        self.is_there, self._heard_s, self._rest = True, now_s, ""

    def _take(self, line: str, now_s: float) -> None:
        self.lines += 1
        if _UNREADABLE.search(line):
            # What was cut off by opening the port in its middle is no fault.
            if self.lines > 1:
                self._fault("garbage", repr(line[:60]), now_s)
        elif found := _FPS.match(line):
            self._rate(found[1], now_s)
        elif found := _AGE.match(line):
            self._sound(float(found[1]), now_s)
        elif _ROM.search(line) or (found := _START.match(line)):
            self._start(found, now_s)
        elif _CORRUPTION.search(line):
            self._fault("corruption", line, now_s)
        elif _TIMEOUT.search(line) and not line.startswith(_NETWORK):
            self._fault("timeouts", line, now_s)

    def _start(self, ours: re.Match[str] | None, now_s: float) -> None:
        """A start is a reset, but for one that opening the port has caused. `ours` is the firmware's own line."""
        if self._starting_s is None or now_s - self._starting_s > _ROM_TOGETHER_S:
            if now_s - self._began_s > self.limits.settle_s or self.rates:
                self._fault("resets", "it started again", now_s)
            self._starting_s = now_s
        self._started_s = now_s
        if ours is not None:
            self.mac, self.version = ours["mac"], ours["version"]
            self._least_fps = self.limits.least_fps * min(1.0, int(ours["fps"]) / BOARD_FPS)

    def _rate(self, text: str, now_s: float) -> None:
        self.strips = {name: float(rate) for name, rate in _STRIP.findall(text)}
        self.rates += 1
        if self._settling(now_s):
            return
        for name, rate in self.strips.items():
            self.period.strips.setdefault(name, Range()).add(rate)
            if rate < self._least_fps:
                self._fault("slow", f"{rate:g} FPS on strip {name}, at least {self._least_fps:g} wanted", now_s)

    def _sound(self, age_ms: float, now_s: float) -> None:
        self.age_ms = age_ms
        if self._settling(now_s):
            return
        self.period.age_ms.add(age_ms)
        if age_ms > self.limits.most_age_ms:
            self._fault("old", f"sound {age_ms:g} ms old, at most {self.limits.most_age_ms:g} wanted", now_s)

    def _settling(self, now_s: float) -> bool:
        return now_s - self._started_s < self.limits.settle_s

    def _fault(self, name: str, what: str, now_s: float) -> None:
        self.faults[name] += 1
        text = f"{FAULTS[name]}: {what[:160]}"
        if self.first_fault is None:
            self.first_fault = (now_s - self._began_s, text)
        self._told(text)
