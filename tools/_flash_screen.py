"""What is seen while boards are flashed: a line with a bar for each on a terminal, a line for each step elsewhere."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

WIDEST = 80
_STEP = 26
_PERCENT = len(" 100 %")
_LONGEST_NAME = 24
_SHORTEST_BAR = 5


@dataclass
class _Row:
    step: str = "waiting"
    part: float | None = None
    shown: str = ""


class Screen:
    """Any thread may report. A context manager: leaving it leaves the last state on the terminal."""

    def __init__(self, names: Sequence[str], out: TextIO | None = None) -> None:
        self._rows = {name: _Row() for name in names}
        self._out = out or sys.stdout
        terminal = shutil.get_terminal_size()
        # A line that wraps, or has scrolled away, cannot be drawn over.
        self._live = self._out.isatty() and len(names) < terminal.lines
        self._columns = min(WIDEST, terminal.columns)
        self._name_width = min(_LONGEST_NAME, max(map(len, names)))
        self._lock = threading.Lock()

    def __enter__(self) -> Screen:
        if self._live:
            self._out.write("\n" * len(self._rows))
            self._draw()
        return self

    def __exit__(self, *exception: object) -> None:
        self._out.flush()

    def step(self, name: str, step: str) -> None:
        with self._lock:
            row = self._rows[name]
            row.step, row.part = step, None
            if self._live:
                self._draw()
            else:
                self._out.write(f"{name.ljust(self._name_width)}  {step}\n")
                self._out.flush()

    def progress(self, name: str, part: float) -> None:
        """How much of the step is done, 0 to 1."""
        with self._lock:
            self._rows[name].part = min(1.0, part)
            if self._live:
                self._draw()

    def _draw(self) -> None:
        lines = [self._line(name, row) for name, row in self._rows.items()]
        if all(line == row.shown for line, row in zip(lines, self._rows.values(), strict=True)):
            return
        for line, row in zip(lines, self._rows.values(), strict=True):
            row.shown = line
        up, clear = f"\x1b[{len(lines)}A", "\x1b[K\n"
        self._out.write(up + clear.join(lines) + clear)
        self._out.flush()

    def _line(self, name: str, row: _Row) -> str:
        # Of a long name the end tells more: /dev/serial/by-id/...
        line = f"{name[-self._name_width :].ljust(self._name_width)}  {row.step[:_STEP].ljust(_STEP)}"
        length = self._columns - len(line) - len(" []") - _PERCENT - 1
        if row.part is None:
            return line[: self._columns - 1].rstrip()
        if length < _SHORTEST_BAR:
            return f"{line[: self._columns - 1 - _PERCENT]}{row.part * 100:4.0f} %"
        full = int(row.part * length)
        return f"{line} [{'#' * full}{'.' * (length - full)}] {row.part * 100:3.0f} %"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they need to be; the last one is not padded."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    )
