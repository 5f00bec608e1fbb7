"""Hub time and the exact beat."""

import pytest

from lightwave.constants import APPLY_AHEAD_US
from lightwave_hub.show_clock import PHASE_STEPS, Beat, ShowClock

MINUTE_US = 60_000_000


@pytest.fixture
def show(clock):
    return ShowClock(lambda: clock.us * 1000)


def position(beat: Beat) -> int:
    return beat.beat * PHASE_STEPS + beat.phase


def test_hub_time_is_the_monotonic_clock_in_microseconds(show, clock):
    assert show.now_us() == clock.us


def test_each_boot_is_another_clock():
    assert len({ShowClock().epoch for _ in range(8)}) > 1


def test_no_tempo_is_no_beat(show, clock):
    assert show.beat_at(clock.us) == Beat(0, 0, 0)


@pytest.mark.parametrize(("bpm", "beats"), [(20, 20), (60, 60), (127.5, 127), (300, 300)])
def test_a_minute_has_as_many_beats_as_the_tempo_says(show, clock, bpm, beats):
    show.set_tempo(bpm)
    start = clock.us + APPLY_AHEAD_US
    assert show.beat_at(start) == Beat(round(bpm * 100), 0, 0)
    assert show.beat_at(start + MINUTE_US).beat == beats


def test_a_day_of_playing_loses_nothing(show, clock):
    show.set_tempo(127.01)
    day = show.beat_at(clock.us + APPLY_AHEAD_US + 24 * 60 * MINUTE_US)
    assert position(day) == 12701 * 24 * 60 * PHASE_STEPS // 100


def test_a_tempo_change_keeps_phase_and_count(show, clock):
    show.set_tempo(120)
    clock.forward(12.345)
    expected = show.beat_at(clock.us + APPLY_AHEAD_US)
    show.set_tempo(97.3)
    assert show.beat_at(clock.us + APPLY_AHEAD_US) == expected._replace(bpm_x100=9730)


def test_what_the_nodes_were_told_before_a_change_stays_true(show, clock):
    show.set_tempo(120)
    clock.forward(10)
    told = show.beat_at(clock.us + APPLY_AHEAD_US - 1)
    show.set_tempo(60)
    assert show.beat_at(clock.us + APPLY_AHEAD_US - 1) == told


def test_hundreds_of_changes_at_once_never_step_back(show, clock):
    show.set_tempo(120)
    last = 0
    for step in range(500):
        clock.us += 777
        show.set_tempo(60 + step % 200)
        now = position(show.beat_at(clock.us + APPLY_AHEAD_US))
        assert now >= last
        last = now


def test_silence_and_a_new_start(show, clock):
    show.set_tempo(120)
    clock.forward(5)
    show.set_tempo(0)
    assert show.beat_at(clock.us + APPLY_AHEAD_US) == Beat(0, 0, 0)
    clock.forward(5)
    show.set_tempo(100)
    assert show.beat_at(clock.us + APPLY_AHEAD_US) == Beat(10000, 0, 0)


@pytest.mark.parametrize("bpm", [-1, 19.99, 300.1, float("nan")])
def test_a_tempo_out_of_range_is_refused(show, bpm):
    with pytest.raises(ValueError, match="20 to 300"):
        show.set_tempo(bpm)
