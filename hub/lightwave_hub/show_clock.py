"""The show clock: the hub's time in microseconds, its boot id, and the beat.

The beat is exact: a position is an integer count of 1 / BEAT_UNITS beats, where one microsecond at a tempo of
`bpm_x100` adds `bpm_x100` units. Nothing is rounded until a phase is read, so hours of playing and any number of tempo
changes lose nothing.
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


class Beat(NamedTuple):
    """Where the beat stands at one instant; `bpm_x100` 0 means no beat."""

    bpm_x100: int
    phase: int
    beat: int


class _Tempo(NamedTuple):
    """From `start_us` on, the beat runs at `bpm_x100` from `position` (in BEAT_UNITS)."""

    start_us: int
    bpm_x100: int
    position: int

    def position_at(self, at_us: int) -> int:
        return self.position + (at_us - self.start_us) * self.bpm_x100


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
        before = self._tempi[1]
        start_us = max(self.now_us() + constants.APPLY_AHEAD_US, before.start_us)
        position = before.position_at(start_us) if before.bpm_x100 else 0
        self._tempi = (before, _Tempo(start_us, round(bpm * 100), position))

    def beat_at(self, at_us: int) -> Beat:
        """The beat at hub time `at_us`."""
        before, now = self._tempi
        tempo = now if at_us >= now.start_us else before
        if tempo.bpm_x100 == 0:
            return Beat(0, 0, 0)
        beats, rest = divmod(max(0, tempo.position_at(at_us)), BEAT_UNITS)
        return Beat(tempo.bpm_x100, rest * PHASE_STEPS // BEAT_UNITS, beats & 0xFFFFFFFF)
