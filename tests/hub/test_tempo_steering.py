"""The show clock led by somebody else: it takes tempo, phase and bar, and its phase stays continuous."""

from hypothesis import given, settings
from hypothesis import strategies as st

from lightwave_hub.show_clock import BEAT_UNITS, BRISK, GENTLE, PHASE_STEPS, ShowClock
from lightwave_hub.tempo.follow import DEAD_ZONE_US, follow
from lightwave_hub.tempo.source import Reading

AHEAD_US = 30_000
STEP_US = 5_000
tempos = st.integers(2000, 30_000).map(lambda bpm_x100: bpm_x100 / 100)
shifts = st.floats(-0.5, 0.5)


class Hand:
    def __init__(self, bpm=120.0):
        self.now_us = 1_000_000
        self.clock = ShowClock(lambda: self.now_us * 1000)
        self.clock.set_tempo(bpm)
        self.now_us += 10_000_000

    def position(self, at_us):
        beat = self.clock.beat_at(at_us)
        return beat.beat * PHASE_STEPS + beat.phase


def steps(hand, tempo, rate, seconds):
    """Checks that no step is longer or shorter than the rate allows."""
    regular = tempo * 100 * STEP_US * PHASE_STEPS / BEAT_UNITS
    before = hand.position(hand.now_us)
    for _ in range(round(seconds * 1_000_000 / STEP_US)):
        hand.now_us += STEP_US
        now = hand.position(hand.now_us)
        assert (1 - rate) * regular - 2 <= now - before <= (1 + rate) * regular + 2
        before = now


@settings(max_examples=50)
@given(bpm=tempos, beats=shifts, rate=st.sampled_from((GENTLE, BRISK)))
def test_a_correction_is_made_in_full_and_never_jumps(bpm, beats, rate):
    hand, untouched = Hand(bpm), Hand(bpm)
    hand.clock.steer(bpm, beats, rate)
    steps(hand, bpm, rate, 0.3)
    later_us = hand.now_us + 120_000_000
    moved = (hand.position(later_us) - untouched.position(later_us)) / PHASE_STEPS
    microsecond = bpm / 60_000_000
    assert abs(moved - beats) < microsecond * bpm + 2 / PHASE_STEPS
    assert hand.clock.beat_at(later_us).bpm_x100 == round(bpm * 100)


@given(first=shifts, second=shifts, wait_us=st.integers(0, 3_000_000))
def test_corrections_add_up_even_when_the_first_is_not_done(first, second, wait_us):
    hand, untouched = Hand(), Hand()
    hand.clock.steer(120, first)
    hand.now_us += wait_us
    hand.clock.steer(120, second)
    later_us = hand.now_us + 120_000_000
    assert abs((hand.position(later_us) - untouched.position(later_us)) / PHASE_STEPS - first - second) < 1e-3


@given(beats=shifts, number=st.integers(1, 60))
def test_the_moment_of_a_beat_counts_the_correction(beats, number):
    hand = Hand()
    hand.clock.steer(120, beats)
    number += hand.clock.beat_at(hand.now_us).beat
    at_us = hand.clock.time_of_beat(number)
    assert hand.clock.beat_at(at_us).beat == number
    assert hand.clock.beat_at(at_us - 1).beat == number - 1


@settings(max_examples=30)
@given(bpm=st.floats(60, 200), start=st.floats(0, 8), offset_us=st.sampled_from((0, 40_000)))
def test_a_followed_source_is_met_in_tempo_phase_and_bar(bpm, start, offset_us):
    hand = Hand()

    def source(now_us):
        return Reading(now_us, bpm, start + (now_us - 11_000_000) * bpm / 60_000_000, True, 100)

    for _ in range(200):
        follow(hand.clock, source(hand.now_us), offset_us)
        hand.now_us += 50_000
    beats = source(hand.now_us - offset_us).beats
    error = (hand.position(hand.now_us) / PHASE_STEPS - beats) % 4
    error_us = min(error, 4 - error) * 60_000_000 / bpm
    assert error_us < DEAD_ZONE_US + 100


def test_following_corrects_little_errors_gently():
    hand = Hand()
    ours = hand.clock.settled_beats(hand.now_us)
    follow(hand.clock, Reading(hand.now_us, 120, ours + 0.05, False, 100))
    steps(hand, 120, GENTLE, 3)


def test_out_of_silence_the_beat_begins_where_the_source_is():
    hand = Hand()
    hand.clock.set_tempo(0)
    hand.now_us += AHEAD_US
    follow(hand.clock, Reading(hand.now_us, 120, 6.5, True, 100))
    later_us = hand.now_us + 500_000  # one beat later: 7.5
    assert hand.position(later_us) % (4 * PHASE_STEPS) == 3.5 * PHASE_STEPS


def test_a_tempo_out_of_range_is_not_followed():
    hand = Hand()
    follow(hand.clock, Reading(hand.now_us, 400, 0.0, True, 100))
    assert hand.clock.bpm == 120
