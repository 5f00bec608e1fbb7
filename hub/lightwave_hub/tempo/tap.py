"""Tempo by tapping: a line through the taps, without those that do not belong to it.

Taps are numbered by the median interval, so a beat left out counts as two; the line's slope is Theil and Sen's median
of slopes (Sen 1968), which up to a quarter of wrong taps does not move; least squares through the taps near it then
gives tempo and phase.
"""

from collections.abc import Sequence
from itertools import combinations, pairwise
from statistics import median
from typing import NamedTuple

from lightwave_hub.show_clock import MAX_BPM, MIN_BPM

MAX_TAPS = 16
PAUSE_US = 2_000_000  # after it a tap is the first of a new row
_BOUNCE_US = 100_000  # half a beat at the fastest tempo: a finger that trembled, or a message that came twice
_NEAR = 0.15  # of a beat: taps further off the line are dropped
_MINUTE_US = 60_000_000


class Tapped(NamedTuple):
    """A tempo, the hub time of one of its beats, and how well the taps agree (percent)."""

    bpm: float
    beat_us: int
    confidence: int


class Taps:
    """The row of taps under way."""

    def __init__(self) -> None:
        self._at_us: list[int] = []

    def count(self, now_us: int) -> int:
        """Taps of the row; 0 after the pause that ends it."""
        return len(self._at_us) if self._at_us and now_us - self._at_us[-1] <= PAUSE_US else 0

    def tap(self, at_us: int) -> Tapped | None:
        """One more tap; the tempo from the second on. None also for taps faster or slower than a tempo may be."""
        if self._at_us and 0 <= at_us - self._at_us[-1] < _BOUNCE_US:
            return None
        if not self.count(at_us):
            self._at_us = []
        self._at_us = [*self._at_us, at_us][-MAX_TAPS:]
        return fit(self._at_us)

    def reset(self) -> None:
        self._at_us = []


def fit(taps_us: Sequence[int]) -> Tapped | None:
    """The tempo of at least two taps, oldest first; None when there is none within MIN_BPM..MAX_BPM."""
    if len(taps_us) < 2:
        return None
    near = _on_the_line(_numbered(taps_us))
    if len(near) < 2:
        return None
    period_us, first_us = least_squares(near)
    if not _MINUTE_US / MAX_BPM <= period_us <= _MINUTE_US / MIN_BPM:
        return None
    error_us = median(abs(at_us - first_us - beat * period_us) for beat, at_us in near)
    confidence = round(100 * max(0.0, 1 - 5 * error_us / period_us) * len(near) / len(taps_us))
    return Tapped(_MINUTE_US / period_us, round(first_us + near[-1][0] * period_us), confidence)


def least_squares(points: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """(slope, value at 0) of the line through points of two different x at least."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
    return slope, mean_y - slope * mean_x


def _numbered(taps_us: Sequence[int]) -> list[tuple[int, int]]:
    """(beat, time) of each tap. Two taps may get one number: one of them is wrong."""
    period_us = median(later - earlier for earlier, later in pairwise(taps_us))
    beat, numbered = 0.0, [(0, taps_us[0])]
    for earlier, later in pairwise(taps_us):
        beat += (later - earlier) / period_us
        # A drift of the numbers is taken out at each tap that is near a beat, so a median a little wrong adds no beat.
        if abs(beat - round(beat)) < 0.3:
            beat = float(round(beat))
        numbered.append((round(beat), later))
    return numbered


def _on_the_line(numbered: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(numbered, 2) if x1 != x2]
    if not slopes:
        return []
    slope = median(slopes)
    start = median(y - slope * x for x, y in numbered)
    return [(x, y) for x, y in numbered if abs(y - start - slope * x) <= _NEAR * slope]
