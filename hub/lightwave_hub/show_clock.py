"""The show clock: the hub's time in microseconds, its boot id, and the beat.

The beat is exact: a position is an integer count of 1 / BEAT_UNITS beats, where one microsecond at a tempo of
`bpm_x100` adds `bpm_x100` units. Nothing is rounded until a phase is read, so hours of playing and any number of tempo
changes lose nothing, and the moment of a beat is a whole microsecond that everybody computes alike.

A bar is four beats and begins at every beat whose number 4 divides. To move the bar line, beats are numbered anew; the
phase knows nothing of it.

To move the phase itself, the beat runs faster or slower for a while: it never jumps and never runs backwards. What is
planned is a row of tempi, the last of which is the one that was asked for.
"""

import secrets
import time
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from lightwave import constants

BEAT_UNITS = 60_000_000 * 100  # microseconds in a minute, tempo times 100
PHASE_STEPS = 65536
MIN_BPM = 20.0
MAX_BPM = 300.0
BEATS_PER_BAR = 4
GENTLE = 0.02  # of the tempo: a correction nobody sees; what was told of a beat half a second ahead stays within 10 ms
BRISK = 0.25  # for what somebody asked for with his own hand: half a beat is made good within two


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
    """Hub time and beat. The tick thread reads while the event loop sets: the plan is replaced in one assignment."""

    def __init__(self, monotonic_ns: Callable[[], int] = time.monotonic_ns, epoch: int | None = None) -> None:
        self._monotonic_ns = monotonic_ns
        self.epoch = secrets.randbits(32) if epoch is None else epoch
        self._tempi: tuple[_Tempo, ...] = (_Tempo(0, 0, 0),)  # by their start; the first is that of the past

    def now_us(self) -> int:
        return self._monotonic_ns() // 1000

    @property
    def bpm(self) -> float:
        """The newest tempo set, which may begin a moment from now; 0 is none."""
        return self._tempi[-1].bpm_x100 / 100

    def set_tempo(self, bpm: float) -> None:
        """Change the tempo (MIN_BPM..MAX_BPM, or 0 for none), keeping the phase.

        It begins APPLY_AHEAD_US from now: what the nodes were already told about the beat stays true. Out of silence
        the beat starts anew at beat 0, phase 0.
        """
        bpm_x100 = _checked(bpm)
        start_us = self._start_us()
        position = self._tempo_at(start_us).position_at(start_us) if self.bpm else 0
        self._plan(_Tempo(start_us, bpm_x100, position))

    def downbeat(self) -> None:
        """The beat nearest to now is the first of its bar: from APPLY_AHEAD_US on, beats get numbers up to 3 higher."""
        position = max(0, self._tempo_at(self.now_us()).position_at(self.now_us()))
        nearest = (2 * position + BEAT_UNITS) // (2 * BEAT_UNITS)
        self.renumber(-nearest % BEATS_PER_BAR)

    def renumber(self, beats: int) -> None:
        """Beats get numbers higher by `beats`, not negative, from APPLY_AHEAD_US on. The phase stays as it is."""
        start_us = self._start_us()
        units = beats * BEAT_UNITS
        now = self._tempo_at(start_us)
        coming = [later._replace(position=later.position + units) for later in self._tempi if later.start_us > start_us]
        self._plan(_Tempo(start_us, now.bpm_x100, now.position_at(start_us) + units), *coming)

    def begin(self, bpm: float, beats: float, at_us: int) -> None:
        """Out of silence, a beat that stands at `beats` at hub time `at_us`; `bpm` is not 0."""
        bpm_x100, start_us = _checked(bpm), self._start_us()
        position = round(beats * BEAT_UNITS) + (start_us - at_us) * bpm_x100
        self._plan(_Tempo(start_us, bpm_x100, position % (BEATS_PER_BAR * BEAT_UNITS)))

    def settled_beats(self, at_us: int) -> float:
        """Where the beat would be at `at_us`, in beats, if all corrections under way were done. Only while it runs."""
        return self._tempi[-1].position_at(at_us) / BEAT_UNITS

    def steer(self, bpm: float, beats: float, rate: float = GENTLE) -> None:
        """Go on at `bpm`, not 0, and bring the beat further by `beats` (less than 0: back) beyond what is under way.

        It runs faster or slower by up to `rate` (less than 1) of the tempo until that is done, so the phase is
        continuous and never moves backwards. Only while there is a beat.
        """
        bpm_x100, start_us = _checked(bpm), self._start_us()
        here = self._tempo_at(start_us).position_at(start_us)
        missing = self._tempi[-1].position_at(start_us) + round(beats * BEAT_UNITS) - here
        more = max(1, int(bpm_x100 * rate)) * (1 if missing > 0 else -1)
        lasts_us = missing // more
        if lasts_us == 0:
            self._plan(_Tempo(start_us, bpm_x100, here))
            return
        correcting = _Tempo(start_us, bpm_x100 + more, here)
        end_us = start_us + lasts_us
        self._plan(correcting, _Tempo(end_us, bpm_x100, correcting.position_at(end_us)))

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
        tempi = self._tempi
        if not tempi[-1].bpm_x100:
            return None
        for tempo, following in pairwise(tempi):
            if tempo.bpm_x100:
                at_us = tempo.time_of(number * BEAT_UNITS)
                if at_us < following.start_us:
                    return at_us if tempo is tempi[0] else max(at_us, tempo.start_us)
        at_us = tempi[-1].time_of(number * BEAT_UNITS)
        return max(at_us, tempi[-1].start_us) if any(tempo.bpm_x100 for tempo in tempi[:-1]) else at_us

    def next_beat(self, every: int, from_us: int) -> int:
        """The number of the first beat from `from_us` on that `every` divides. Only while there is a beat."""
        position = max(0, self._tempo_at(from_us).position_at(from_us))
        return -(-position // (every * BEAT_UNITS)) * every

    def _tempo_at(self, at_us: int) -> _Tempo:
        tempi = self._tempi
        for tempo in reversed(tempi):
            if at_us >= tempo.start_us:
                return tempo
        return tempi[0]

    def _start_us(self) -> int:
        """From when on the plan may be another one."""
        return self.now_us() + constants.APPLY_AHEAD_US

    def _plan(self, *tempi: _Tempo) -> None:
        """What was planned until the first of `tempi` begins stays; then these."""
        now = self._tempo_at(self.now_us())
        kept = [tempo for tempo in self._tempi if now.start_us <= tempo.start_us < tempi[0].start_us]
        self._tempi = (*kept, *tempi)


def _checked(bpm: float) -> int:
    if bpm != 0 and not MIN_BPM <= bpm <= MAX_BPM:
        raise ValueError(f"tempo must be 0 or {MIN_BPM:g} to {MAX_BPM:g} BPM")
    return round(bpm * 100)
