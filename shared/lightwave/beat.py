"""Where in the beat we are, between and beyond the hub's BEAT_TICKs.

A beat is 1024 steps of 5859375 parts; in one microsecond at `bpm_x100` exactly `bpm_x100` parts go by
(6e9 = 1024 * 5859375). So the position is exact for ever, in 30-bit integers.
"""

from . import ticks
from .compat import const

BEAT = const(65536)  # phase units in a beat
_STEPS = const(1024)
_PARTS = const(5859375)  # in a step
_SECOND = const(1000000)
_CHUNK_US = const(16000)  # 65535 * 16000 + _PARTS < 2^30
_JUMP = const(16384)  # a quarter beat
_SLEW = const(20)  # correct by at most 1/20 of what the beat moves: 5 % faster or slower
_PARTS_US = 60 * 1000000 * 100


def phase_at(bpm_x100: int, phase: int, beat: int, at_us: int, now_us: int):
    """(phase, beat) at `now_us` of a tempo that stood at `phase`, `beat` at `at_us`. Any integers; allocates."""
    position = beat * BEAT + phase + (now_us - at_us) * bpm_x100 * BEAT // _PARTS_US
    return position % BEAT, position // BEAT


class BeatClock:
    """`phase` (0..65535) and `beat` as shown at the last `advance`; `bpm_x100` 0 means there is no beat.

    `set` gives the truth at a moment. A difference in phase up to a quarter beat is made good by running up to 5 %
    faster or slower, so the beat never jumps or moves backwards; a larger one jumps. Whole beats are only numbers: the
    count is put right at once, also while the phase is slewed. One thread; nothing allocates."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """No beat; the next `set` jumps."""
        self.bpm_x100 = 0
        self.phase = 0
        self.beat = 0
        self._now = 0
        self._had_beat = False  # kept here, not as locals: `set` must fit MicroPython's stack
        self._shown_until = 0
        self._step = 0  # the truth at _now: _step, _part, _beat
        self._part = 0
        self._beat = 0
        self._error = 0  # shown minus true, phase units
        self._slew_rest = 0
        self._steps_per_s = 0
        self._parts_per_s = 0

    def set(self, bpm_x100: int, phase: int, beat: int, at: int) -> None:
        """At the 30-bit moment `at` (of the clock `advance` gets) the beat stands at `phase`, `beat`. HOT."""
        self._had_beat = self.bpm_x100 != 0
        if self._had_beat and ticks.before(self._now, at):
            self.advance(at)
        self._shown_until = self._now
        self._anchor(bpm_x100, phase, beat, at)
        if self._had_beat and ticks.before(at, self._shown_until):
            self._move_truth(ticks.diff(self._shown_until, at))
            self._now = self._shown_until
        self._error = self._shown_minus_true() if self._had_beat and bpm_x100 != 0 else 0
        self._show()

    def advance(self, now: int) -> None:
        """Move to the 30-bit moment `now`. HOT. A moment before the last one changes nothing."""
        passed = ticks.diff(now, self._now)
        if passed < 0:
            if passed < -_SECOND:  # nobody called for minutes: the old moment has wrapped into the future
                self._now = now
            return
        self._now = now
        if self.bpm_x100 == 0:
            return
        before = self._true_phase()
        beats = self._beat
        self._move_truth(passed)
        if self._error != 0:
            beats = self._beat - beats
            self._slew(beats * BEAT + self._true_phase() - before if beats < 8192 else 8192 * BEAT)
        self._show()

    def _anchor(self, bpm_x100: int, phase: int, beat: int, at: int) -> None:
        self.bpm_x100 = bpm_x100
        self._now = at
        self._beat = beat
        self._step = phase >> 6
        self._part = ((phase & 63) * _PARTS + 63) >> 6
        self._steps_per_s = bpm_x100 * 64 // 375  # 1e6 / _PARTS = 64 / 375
        self._parts_per_s = bpm_x100 * 64 % 375 * 15625

    def _move_truth(self, us: int) -> None:
        while us >= _SECOND:
            us -= _SECOND
            self._step += self._steps_per_s
            self._carry(self._part + self._parts_per_s)
        while us > 0:
            chunk = us if us < _CHUNK_US else _CHUNK_US
            us -= chunk
            self._carry(self._part + chunk * self.bpm_x100)

    def _carry(self, parts: int) -> None:
        self._part = parts % _PARTS
        self._step += parts // _PARTS
        self._beat += self._step // _STEPS
        self._step %= _STEPS

    def _true_phase(self) -> int:
        return (self._step << 6) + (self._part << 6) // _PARTS

    def _shown_minus_true(self) -> int:
        """To the nearest beat; 0 when it is too much to slew."""
        error = ((self.phase - self._true_phase()) & 0xFFFF ^ 0x8000) - 0x8000
        return error if -_JUMP <= error <= _JUMP else 0

    def _slew(self, moved: int) -> None:
        self._slew_rest += moved
        most = self._slew_rest // _SLEW
        self._slew_rest %= _SLEW
        if self._error > most:
            self._error -= most
        elif self._error < -most:
            self._error += most
        else:
            self._error = 0

    def _show(self) -> None:
        position = self._true_phase() + self._error
        self.phase = position & 0xFFFF
        self.beat = self._beat + (position >> 16)
