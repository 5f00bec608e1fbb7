"""Keeps the show clock on a reading, gently: what a phase-locked loop does, on a clock that can be set exactly.

A source's own filter has taken the jitter away; what is left is corrected against the plan of the clock, corrections
under way included, so nothing is corrected twice and nothing oscillates.
"""

from lightwave import constants
from lightwave_hub.show_clock import BEATS_PER_BAR, BRISK, GENTLE, MAX_BPM, MIN_BPM, ShowClock
from lightwave_hub.tempo.source import Reading

DEAD_ZONE_US = 1000  # an error nobody sees, and less than what most sources mean
LARGE = 1 / 16  # of a beat: beyond, being right soon is worth being seen
_MINUTE_US = 60_000_000


def follow(clock: ShowClock, reading: Reading, offset_us: int = 0) -> None:
    """Bring the clock to the reading's tempo, phase and bar; `offset_us` later than it says. No tempo out of range."""
    bpm = round(reading.bpm, 2)
    if not MIN_BPM <= bpm <= MAX_BPM:
        return
    at_us = clock.now_us() + constants.APPLY_AHEAD_US
    if reading.beats is None:
        _take_tempo(clock, bpm)
        return
    beats = reading.beats + (at_us - offset_us - reading.at_us) * reading.bpm / _MINUTE_US
    if not clock.bpm:
        clock.begin(bpm, beats, at_us)
        return
    error = beats - clock.settled_beats(at_us)
    whole_beats = round(error)
    error -= whole_beats
    if reading.has_bar and whole_beats % BEATS_PER_BAR:
        clock.renumber(whole_beats % BEATS_PER_BAR)
    if abs(error) * _MINUTE_US > DEAD_ZONE_US * bpm:
        clock.steer(bpm, error, BRISK if abs(error) > LARGE else GENTLE)
    elif bpm != clock.bpm:
        clock.steer(bpm, 0.0)


def _take_tempo(clock: ShowClock, bpm: float) -> None:
    if not clock.bpm:
        clock.set_tempo(bpm)
    elif bpm != clock.bpm:
        clock.steer(bpm, 0.0)
