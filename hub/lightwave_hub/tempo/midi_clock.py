"""Tempo and song position from MIDI clock: 24 messages a beat, which come late, in bunches, or not at all.

Clock messages are counted and a line is laid through the newest of them. One far off the line is held back until it is
clear what it was: lateness (the next ones are on the line again), messages lost (the next ones are as far off, by whole
ticks) or another tempo (the distances between them are others).
"""

from collections import deque
from statistics import median

from lightwave_hub.tempo.source import Reading
from lightwave_hub.tempo.tap import least_squares

TICKS_PER_BEAT = 24
KEPT = 4 * TICKS_PER_BEAT
LEAST = 12  # ticks before a tempo is told
SILENCE_US = 1_000_000  # without a tick: the clock has stopped
_ODD = 0.6  # of a tick off the line
_ODD_ROW = 6  # so many in a row are no accident
_LEAST_CHANGE_US = 500  # by which the newest ticks must leave the line to be another tempo
_MINUTE_US = 60_000_000


class MidiClock:
    """Hear messages in their order; read whenever you like. One thread."""

    def __init__(self) -> None:
        self._ticks: deque[tuple[int, int]] = deque(maxlen=KEPT)  # (count, time) on the line
        self._odd: list[tuple[int, int]] = []
        self._count = 0  # of the next tick
        self._last_us = 0
        self._song_at = 0  # the count at which the song began, or would have
        self._stopped_at = 0  # position in ticks, from which it continues
        self._plays = False
        self._period_us = 0.0
        self._first_us = 0.0
        self._error_us = 0.0
        self._told_bpm = 0.0

    def hear(self, kind: str, at_us: int, position: int = 0) -> None:
        """A message, by mido's name: clock, start, stop, continue, songpos (of `position` sixteenths), or any other."""
        if kind == "clock":
            self._tick(at_us)
        elif kind == "start":
            self._play_from(0)
        elif kind == "continue":
            self._play_from(self._stopped_at)
        elif kind == "stop":
            self._stopped_at = self._count - self._song_at if self._plays else self._stopped_at
            self._plays = False
        elif kind == "songpos":
            self._stopped_at = position * TICKS_PER_BEAT // 4
            if self._plays:
                self._play_from(self._stopped_at)

    def read(self, now_us: int) -> Reading | None:
        """Tempo, and while the song plays its beat, counted from its start."""
        if len(self._ticks) < LEAST or now_us - self._last_us > SILENCE_US:
            return None
        beats = (now_us - self._first_us) / self._period_us - self._song_at
        full = min(1.0, len(self._ticks) / TICKS_PER_BEAT)
        confidence = round(100 * full * max(0.0, 1 - 2 * self._error_us / self._period_us))
        return Reading(
            now_us, self._steady_bpm(), beats / TICKS_PER_BEAT if self._plays else None, self._plays, confidence
        )

    def _steady_bpm(self) -> float:
        """It changes when it is another by more than jitter explains: three standard errors of the line's slope."""
        bpm = _MINUTE_US / (self._period_us * TICKS_PER_BEAT)
        slope_error = self._error_us * (12 / len(self._ticks) ** 3) ** 0.5 / self._period_us
        if abs(bpm - self._told_bpm) > 3 * bpm * slope_error:
            self._told_bpm = bpm
        return self._told_bpm

    def _play_from(self, ticks: int) -> None:
        """The next clock message is that of position `ticks`."""
        self._song_at = self._count - ticks
        self._plays = True

    def _tick(self, at_us: int) -> None:
        if self._count and at_us - self._last_us > SILENCE_US:
            self._ticks.clear()
            self._odd.clear()
            if self._song_at + self._stopped_at != self._count:  # not started since: nobody knows where the song is
                self._plays = False
        self._last_us = at_us
        point = (self._count, at_us)
        self._count += 1
        if len(self._ticks) < _ODD_ROW or abs(self._ticks_off(point)) <= _ODD:
            self._odd.clear()
            self._ticks.append(point)
            self._leave_an_old_tempo()
        else:
            self._odd.append(point)
            if len(self._odd) == _ODD_ROW:
                self._explain_the_odd()
        self._fit()

    def _ticks_off(self, point: tuple[int, int]) -> float:
        count, at_us = point
        return (at_us - self._first_us) / self._period_us - count

    def _explain_the_odd(self) -> None:
        intervals = [later[1] - earlier[1] for earlier, later in zip(self._odd, self._odd[1:], strict=False)]
        if abs(median(intervals) - self._period_us) < 0.25 * self._period_us:
            lost = round(median(map(self._ticks_off, self._odd)))
            self._odd = [(count + lost, at_us) for count, at_us in self._odd]
            self._count += lost
        else:
            self._ticks.clear()
        self._ticks.extend(self._odd)
        self._odd = []

    def _leave_an_old_tempo(self) -> None:
        """When the newest ticks together are off the line of those before, only they count."""
        if len(self._ticks) < 3 * LEAST:
            return
        points = list(self._ticks)
        newest = points[-LEAST:]
        period_us, first_us = least_squares(points[:-LEAST])
        off_us = sum(at_us - first_us - count * period_us for count, at_us in newest) / LEAST
        if abs(off_us) > max(_LEAST_CHANGE_US, 2 * self._error_us):
            self._ticks = deque(newest, maxlen=KEPT)

    def _fit(self) -> None:
        if len(self._ticks) < 2:
            return
        self._period_us, self._first_us = least_squares(self._ticks)
        squares = sum((at_us - self._first_us - count * self._period_us) ** 2 for count, at_us in self._ticks)
        self._error_us = (squares / len(self._ticks)) ** 0.5
