"""Tapping: what people and bouncing buttons do."""

import random

import pytest

from lightwave_hub.tempo.tap import MAX_TAPS, PAUSE_US, Taps

BEAT_US = 468_750  # 128 BPM


def tapped(times_us):
    taps = Taps()
    return [taps.tap(at_us) for at_us in times_us][-1]


@pytest.mark.parametrize("count", [2, 3, 16, 40])
def test_even_taps_give_tempo_and_phase(count):
    result = tapped([1_000_000 + n * BEAT_US for n in range(count)])
    assert result.bpm == pytest.approx(128)
    assert result.beat_us == 1_000_000 + (count - 1) * BEAT_US
    assert result.confidence == 100


@pytest.mark.parametrize("seed", range(5))
def test_a_persons_taps_average_out(seed):
    rng = random.Random(seed)
    result = tapped([1_000_000 + n * BEAT_US + round(rng.gauss(0, 15_000)) for n in range(MAX_TAPS)])
    assert result.bpm == pytest.approx(128, rel=0.01)
    assert abs(result.beat_us - 1_000_000 - 15 * BEAT_US) < 30_000, "four deviations of such a line"


def test_wrong_taps_are_dropped():
    times = [n * BEAT_US for n in range(10)]
    times[4] += 130_000
    times[7] -= 110_000
    result = tapped(times)
    assert (result.bpm, result.beat_us) == (pytest.approx(128), 9 * BEAT_US)
    assert result.confidence == 80


def test_a_beat_left_out_counts_as_two():
    assert tapped([n * BEAT_US for n in (0, 1, 2, 4, 5, 6)]).bpm == pytest.approx(128)


def test_a_bounce_is_no_tap():
    taps = Taps()
    taps.tap(0)
    assert taps.tap(30_000) is None
    assert taps.count(30_000) == 1


def test_after_a_pause_a_new_row_begins():
    taps = Taps()
    taps.tap(0)
    taps.tap(500_000)
    assert taps.count(500_000 + PAUSE_US) == 2
    assert taps.tap(500_001 + PAUSE_US) is None
    assert taps.count(500_001 + PAUSE_US) == 1
    assert taps.tap(900_001 + PAUSE_US).bpm == pytest.approx(150)


def test_only_the_newest_taps_count():
    slow = [n * 600_000 for n in range(MAX_TAPS)]
    fast = [slow[-1] + (n + 1) * 400_000 for n in range(MAX_TAPS)]
    assert tapped(slow + fast).bpm == pytest.approx(150)


def test_no_tempo_is_found_faster_than_there_may_be():
    assert tapped([n * 150_000 for n in range(8)]) is None
