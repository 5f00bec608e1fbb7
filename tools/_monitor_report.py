"""What a burn-in leaves: a CSV with a line for each board and period, a picture of it, and a table."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from _flash_screen import table
from _monitor_board import FAULTS, Board, Period

COLUMNS = (
    "at_s", "port", "mac", "fps_a_least", "fps_a_mean", "fps_b_least", "fps_b_mean", "age_ms_mean", "age_ms_most",
    *FAULTS,
)  # fmt: skip
_PLOTTED = (("fps_a_least", "strip A, least FPS"), ("fps_b_least", "strip B, least FPS"), ("age_ms_most", "age, ms"))


@dataclass(frozen=True)
class Row:
    at_s: float
    board: Board
    period: Period
    faults: dict[str, int]

    def cells(self) -> dict[str, object]:
        cells: dict[str, object] = {"at_s": round(self.at_s, 1), "port": self.board.port, "mac": self.board.mac}
        for name in "AB":
            if strip := self.period.strips.get(name):
                cells[f"fps_{name.lower()}_least"] = strip.least
                cells[f"fps_{name.lower()}_mean"] = round(strip.total / strip.count, 2)
        if self.period.age_ms.count:
            cells["age_ms_most"] = self.period.age_ms.most
            cells["age_ms_mean"] = round(self.period.age_ms.total / self.period.age_ms.count, 2)
        return cells | self.faults


class Report:
    """Each row is on disk before the next is made: after days of it, a crash here shall cost nothing. The picture's
    points are thinned out, so that memory stays small."""

    MOST_POINTS = 4000

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: TextIO = open(folder / "monitor.csv", "w", newline="", encoding="utf-8")  # noqa: SIM115 - for days
        self._writer = csv.DictWriter(self._file, COLUMNS)
        self._writer.writeheader()
        self._points: list[dict[str, Any]] = []
        self._every = self._count = 0

    def add(self, rows: Sequence[Row]) -> None:
        for row in rows:
            cells = row.cells()
            self._writer.writerow(cells)
            self._points.append(cells)
        self._file.flush()
        if len(self._points) > self.MOST_POINTS * len(rows):
            self._points = _thinned(self._points, len(rows))

    def close(self) -> None:
        self._file.close()
        if self._points:
            _draw(self._points, self._folder / "monitor.png")


def _thinned(points: list[dict[str, Any]], boards: int) -> list[dict[str, Any]]:
    """Of each board, the worse of each two periods that follow one another."""
    kept = []
    for at in range(0, len(points) - 2 * boards + 1, 2 * boards):
        for early, late in zip(points[at : at + boards], points[at + boards : at + 2 * boards], strict=True):
            both = dict(late)
            for name, worse in (("fps_a_least", min), ("fps_b_least", min), ("age_ms_most", max)):
                values = [each[name] for each in (early, late) if name in each]
                if values:
                    both[name] = worse(values)
            kept.append(both)
    return kept


def _draw(points: list[dict[str, Any]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 9), layout="constrained")
    axes = figure.subplots(len(_PLOTTED) + 1, 1, sharex=True)
    for port in dict.fromkeys(point["port"] for point in points):
        of_board = [point for point in points if point["port"] == port]
        hours = [point["at_s"] / 3600 for point in of_board]
        for axis, (name, label) in zip(axes, _PLOTTED, strict=False):
            axis.plot(hours, [point.get(name, float("nan")) for point in of_board], label=port, linewidth=1)
            axis.set_ylabel(label)
        axes[-1].step(hours, [sum(point[name] for name in FAULTS) for point in of_board], label=port, where="post")
    axes[-1].set(ylabel="faults so far", xlabel="hours")
    for axis in axes:
        axis.grid(alpha=0.3)
        axis.legend(loc="lower left", fontsize="small")
    axes[0].set_title("Burn-in")
    figure.savefig(path, dpi=110)


def show(boards: Sequence[Board]) -> str:
    """The live table, and the last one."""
    rows: list[Sequence[str]] = [("PORT", "MAC", "FPS A", "FPS B", "AGE MS", "RESETS", "STATE")]
    for board in boards:
        fps = [f"{board.strips[name]:.1f}" if name in board.strips else "-" for name in "AB"]
        age = "-" if board.age_ms is None else f"{board.age_ms:.1f}"
        rows.append((board.port, board.mac or "-", *fps, age, str(board.faults["resets"]), board.verdict))
    return table(rows)
