"""Recorded delays of a link, written and played back: what a real channel did, or what a run of the model did.

A trace is CSV with the head `direction,delay_us`: direction `down` (to the node) or `up`, and the delay of one datagram
in microseconds, empty when it was lost. Played back, each direction takes its delays in order, and begins again at the
end; links begin at different places, so that they do not suffer together.
"""

import csv
import threading
from pathlib import Path

DOWN, UP = "down", "up"
HEAD = ["direction", "delay_us"]
MAX_DELAY_US = 60_000_000


class TraceError(ValueError):
    """A trace that cannot be used; the text names the file and the line."""


Trace = dict[str, list[float | None]]  # seconds by direction; None: lost


def read_trace(path: Path) -> Trace:
    """Raises TraceError."""
    trace: Trace = {DOWN: [], UP: []}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            if next(rows, None) != HEAD:
                raise TraceError(f"{path}, line 1: must be {','.join(HEAD)}")
            for row in rows:
                direction, delay_s = _row(path, rows.line_num, row)
                trace[direction].append(delay_s)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TraceError(f"{path}: cannot be read: {error}") from None
    for direction, delays in trace.items():
        if not any(delay is not None for delay in delays):
            raise TraceError(f"{path}: no datagram arrives in direction {direction}")
    return trace


def _row(path: Path, line: int, row: list[str]) -> tuple[str, float | None]:
    where = f"{path}, line {line}"
    if len(row) != len(HEAD) or row[0] not in (DOWN, UP):
        raise TraceError(f"{where}: must be {DOWN} or {UP}, a comma and a delay, not {','.join(row)!r}")
    if not row[1]:
        return row[0], None
    if not row[1].isdecimal() or int(row[1]) > MAX_DELAY_US:
        raise TraceError(f"{where}: delay_us must be 0..{MAX_DELAY_US} or empty, not {row[1]!r}")
    return row[0], int(row[1]) / 1_000_000


class TraceAir:
    """One direction of one link, as a trace says; `place` (0 to 1) is where in the trace it begins."""

    def __init__(self, delays: list[float | None], place: float) -> None:
        self._delays = delays
        self._next = int(place * len(delays)) % len(delays)
        self._last_s = 0.0

    def fates(self, now_s: float) -> list[float]:
        delay_s = self._take()
        return [] if delay_s is None else [now_s + delay_s]

    def arrival_in_order_s(self, now_s: float) -> float:
        while (delay_s := self._take()) is None:
            pass
        self._last_s = max(self._last_s, now_s + delay_s)
        return self._last_s

    def _take(self) -> float | None:
        delay_s = self._delays[self._next]
        self._next = (self._next + 1) % len(self._delays)
        return delay_s


class Recorder:
    """Writes what happened to datagrams as a trace. Any thread."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", newline="", encoding="utf-8")
        self._rows = csv.writer(self._file)
        self._rows.writerow(HEAD)
        self._lock = threading.Lock()

    def note(self, direction: str, now_s: float, arrivals_s: list[float]) -> None:
        with self._lock:
            if not arrivals_s:
                self._rows.writerow((direction, ""))
            for arrival_s in arrivals_s:
                self._rows.writerow((direction, round((arrival_s - now_s) * 1e6)))

    def close(self) -> None:
        self._file.close()
