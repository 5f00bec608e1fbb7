"""The show clock: the hub's time in microseconds, its boot id, and the beat.

The beat is exact: a position is an integer count of 1 / BEAT_UNITS beats, where one microsecond at a tempo of
`bpm_x100` adds `bpm_x100` units. Nothing is rounded until a phase is read, so hours of playing and any number of tempo
changes lose nothing, and the moment of a beat is a whole microsecond that everybody computes alike.

A bar is four beats and begins at every beat whose number 4 divides. To move the bar line, beats are numbered anew; the
phase knows nothing of it.
"""

import secrets
import time
from collections.abc import Callable
from typing import NamedTuple

from lightwave import constants

BEAT_UNITS = 60_000_000 * 100  # microseconds in a minute, tempo times 100
PHASE_STEPS = 65536
MIN_BPM = 20.0
MAX_BPM = 300.0
BEATS_PER_BAR = 4


class Beat(NamedTuple):
    """Where the beat stands at one instant; `bpm_x100` 0 means no beat."""

    bpm_x100: int
    phase: int
    beat: int

    @property
    def bar(self) -> int:
        return self.beat // BEATS_PER_BAR


class _Tempo(NamedTuple):
    """From `start_us` on, the beat runs at `bpm_x100` from `position` (in BEAT_UNITS)."""

    start_us: int
    bpm_x100: int
    position: int

    def position_at(self, at_us: int) -> int:
        return self.position + (at_us - self.start_us) * self.bpm_x100

    def time_of(self, position: int) -> int:
        """The first microsecond at which it is not less."""
        return self.start_us - (self.position - position) // self.bpm_x100


class ShowClock:
    """Hub time and beat. The tick thread reads while the event loop sets: a tempo is replaced in one assignment."""

    def __init__(self, monotonic_ns: Callable[[], int] = time.monotonic_ns, epoch: int | None = None) -> None:
        self._monotonic_ns = monotonic_ns
        self.epoch = secrets.randbits(32) if epoch is None else epoch
        silence = _Tempo(0, 0, 0)
        self._tempi = (silence, silence)  # the tempo before, the tempo now

    def now_us(self) -> int:
        return self._monotonic_ns() // 1000

    @property
    def bpm(self) -> float:
        """The newest tempo set, which may begin a moment from now; 0 is none."""
        return self._tempi[1].bpm_x100 / 100

    def set_tempo(self, bpm: float) -> None:
        """Change the tempo (MIN_BPM..MAX_BPM, or 0 for none), keeping the phase.

        It begins APPLY_AHEAD_US from now: what the nodes were already told about the beat stays true. Out of silence
        the beat starts anew at beat 0, phase 0.
        """
        if bpm != 0 and not MIN_BPM <= bpm <= MAX_BPM:
            raise ValueError(f"tempo must be 0 or {MIN_BPM:g} to {MAX_BPM:g} BPM")
        self._go_on(round(bpm * 100), 0)

    def downbeat(self) -> None:
        """The beat nearest to now is the first of its bar: from APPLY_AHEAD_US on, beats get numbers up to 3 higher."""
        position = max(0, self._tempo_at(self.now_us()).position_at(self.now_us()))
        nearest = (2 * position + BEAT_UNITS) // (2 * BEAT_UNITS)
        self._go_on(self._tempi[1].bpm_x100, -nearest % BEATS_PER_BAR)

    def beat_at(self, at_us: int) -> Beat:
        """The beat at hub time `at_us`."""
        tempo = self._tempo_at(at_us)
        if tempo.bpm_x100 == 0:
            return Beat(0, 0, 0)
        beats, rest = divmod(max(0, tempo.position_at(at_us)), BEAT_UNITS)
        return Beat(tempo.bpm_x100, rest * PHASE_STEPS // BEAT_UNITS, beats & 0xFFFFFFFF)

    def time_of_beat(self, number: int) -> int | None:
        """The first microsecond of hub time at which the count has come to `number`; None without a beat.

        As the tempo is planned now: it stays true until the tempo or the numbering changes."""
        before, now = self._tempi
        if not now.bpm_x100:
            return None
        at_us = now.time_of(number * BEAT_UNITS)
        if at_us >= now.start_us or not before.bpm_x100:
            return at_us
        return min(before.time_of(number * BEAT_UNITS), now.start_us)

    def next_beat(self, every: int, from_us: int) -> int:
        """The number of the first beat from `from_us` on that `every` divides. Only while there is a beat."""
        position = max(0, self._tempo_at(from_us).position_at(from_us))
        return -(-position // (every * BEAT_UNITS)) * every

    def _tempo_at(self, at_us: int) -> _Tempo:
        before, now = self._tempi
        return now if at_us >= now.start_us else before

    def _go_on(self, bpm_x100: int, more_beats: int) -> None:
        before = self._tempi[1]
        start_us = max(self.now_us() + constants.APPLY_AHEAD_US, before.start_us)
        position = before.position_at(start_us) + more_beats * BEAT_UNITS if before.bpm_x100 else 0
        self._tempi = (before, _Tempo(start_us, bpm_x100, position))
