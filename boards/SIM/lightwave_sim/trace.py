"""Recorded delays of a link, written and played back: what a real channel did, or what a run of the model did.

A trace is CSV with the head `direction,at_us,delay_us`: direction `down` (to the node) or `up`, when a datagram was
sent and its delay, both in microseconds; the delay is empty when it was lost. Each direction's lines are in the order
of time. Played back, a datagram takes the delay of the moment it is sent in, so that a stall lasts as long as it did
however many datagrams meet it, and overtakes others only where one did. The end is followed by the beginning, and links
begin at different places, so that they do not suffer together.
"""

import csv
import math
import threading
from bisect import bisect_right
from pathlib import Path

DOWN, UP = "down", "up"
HEAD = ["direction", "at_us", "delay_us"]
MAX_AT_US = 86_400_000_000  # a day
MAX_DELAY_US = 60_000_000
LONELY_S = 1.0  # how long a trace of a single datagram lasts
ROUNDING_S = 2e-6  # datagrams that arrived together are so far apart in a trace


class TraceError(ValueError):
    """A trace that cannot be used; the text names the file and the line."""


Trace = dict[str, list[tuple[float, float | None]]]  # by direction: when (s), and how long (s) or None: lost


def read_trace(path: Path) -> Trace:
    """Raises TraceError."""
    trace: Trace = {DOWN: [], UP: []}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            if next(rows, None) != HEAD:
                raise TraceError(f"{path}, line 1: must be {','.join(HEAD)}")
            for row in rows:
                where = f"{path}, line {rows.line_num}"
                direction, at_s, delay_s = _row(where, row)
                if trace[direction] and at_s < trace[direction][-1][0]:
                    raise TraceError(f"{where}: at_us must not be before the line above of its direction: {row[1]}")
                trace[direction].append((at_s, delay_s))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TraceError(f"{path}: cannot be read: {error}") from None
    for direction, moments in trace.items():
        if not any(delay_s is not None for _, delay_s in moments):
            raise TraceError(f"{path}: no datagram arrives in direction {direction}")
    return trace


def _row(where: str, row: list[str]) -> tuple[str, float, float | None]:
    if len(row) != len(HEAD) or row[0] not in (DOWN, UP):
        raise TraceError(f"{where}: must be {DOWN} or {UP}, a time and a delay, not {','.join(row)!r}")
    at_s = _seconds(where, "at_us", row[1], MAX_AT_US)
    if not row[2]:
        return row[0], at_s, None
    return row[0], at_s, _seconds(where, "delay_us", row[2], MAX_DELAY_US)


def _seconds(where: str, name: str, text: str, most: int) -> float:
    if not (text.isascii() and text.isdecimal()) or int(text) > most:
        raise TraceError(f"{where}: {name} must be 0..{most}, not {text!r}")
    return int(text) / 1_000_000


class TraceAir:
    """One direction of one link, as a trace says; `place` (0 to 1) is where in the trace it is at `begin_s`."""

    def __init__(self, moments: list[tuple[float, float | None]], place: float, begin_s: float) -> None:
        self._times_s = [at_s for at_s, _ in moments]
        self._delays_s = [delay_s for _, delay_s in moments]
        span_s = self._times_s[-1] - self._times_s[0]
        # The last datagram's delay holds for as long as others' do on average.
        self._length_s = span_s * len(moments) / (len(moments) - 1) if span_s else LONELY_S
        self._overtaken = _overtaken(moments)
        self._begin_s = begin_s - place * self._length_s
        self._last_s = 0.0

    def fates(self, now_s: float) -> list[float]:
        moment = self._moment(now_s)
        delay_s = self._delays_s[moment]
        if delay_s is None:
            return []
        if self._overtaken[moment]:
            return [now_s + delay_s]
        self._last_s = max(self._last_s, now_s + delay_s)
        return [self._last_s]

    def arrival_in_order_s(self, now_s: float) -> float:
        """Of a run of TCP bytes. What is lost is sent again, so it takes as long as the next that was not."""
        moment = self._moment(now_s)
        while (delay_s := self._delays_s[moment]) is None:
            moment = (moment + 1) % len(self._delays_s)
        self._last_s = max(self._last_s, now_s + delay_s)
        return self._last_s

    def _moment(self, now_s: float) -> int:
        at_s = self._times_s[0] + (now_s - self._begin_s) % self._length_s
        return max(0, bisect_right(self._times_s, at_s) - 1)


def _overtaken(moments: list[tuple[float, float | None]]) -> list[bool]:
    """Of each datagram, whether one that was sent later arrived earlier."""
    overtaken = [False] * len(moments)
    earliest_s = math.inf  # of the arrivals of those sent later
    for number in range(len(moments) - 1, -1, -1):
        at_s, delay_s = moments[number]
        if delay_s is not None:
            overtaken[number] = at_s + delay_s > earliest_s + ROUNDING_S
            earliest_s = min(earliest_s, at_s + delay_s)
    return overtaken


class Recorder:
    """Writes what happened to one link's datagrams as a trace. Any thread."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", newline="", encoding="utf-8")
        self._rows = csv.writer(self._file)
        self._rows.writerow(HEAD)
        self._lock = threading.Lock()
        self._begin_s: float | None = None

    def note(self, direction: str, now_s: float, arrivals_s: list[float]) -> None:
        """A datagram that came twice leaves its first arrival: a trace has no duplicates."""
        with self._lock:
            if self._begin_s is None:
                self._begin_s = now_s
            delay_us = round((min(arrivals_s) - now_s) * 1e6) if arrivals_s else ""
            self._rows.writerow((direction, round((now_s - self._begin_s) * 1e6), delay_us))

    def close(self) -> None:
        self._file.close()
