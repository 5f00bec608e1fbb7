"""Tempo and beat: found within seconds of sound, in phase with it, kept in silence, and never running backwards."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.native.tempo_support import GROUPS, NOVELTY, beats, knocks, tempo_of

RATE, HOP = 16000, 128


def seconds_at(snapshots: NDArray[Any], rate: int = RATE, hop: int = HOP) -> NDArray[np.float64]:
    """Of each snapshot: when its last sample was."""
    return (np.arange(len(snapshots)) + 1) * hop / rate


def turns(snapshots: NDArray[Any]) -> NDArray[np.float64]:
    """Beats since the start, with the fraction that the phase is."""
    return np.asarray(snapshots["beat"].astype(np.int64) + snapshots["phase"] / 65536.0)


def phase_errors(
    snapshots: NDArray[Any], moments: NDArray[Any], since: float, rate: int = RATE, hop: int = HOP
) -> NDArray[np.float64]:
    """Seconds between the real beats after `since` and those of the clock."""
    at = seconds_at(snapshots, rate, hop)
    wanted = moments[(moments > since) & (moments < at[-1])]
    turn = np.interp(wanted, at, turns(snapshots))
    return np.asarray((turn - np.round(turn)) * np.diff(moments).mean())


def found_after(snapshots: NDArray[Any], bpm: float) -> float:
    """From when on the tempo was always within 4 %; in seconds."""
    wrong = np.flatnonzero(np.abs(snapshots["bpm_x100"] / 100 - bpm) > 0.04 * bpm)
    return 0.0 if len(wrong) == 0 else float(seconds_at(snapshots)[wrong[-1]])


def last_bpm(snapshots: NDArray[Any]) -> float:
    return int(snapshots["bpm_x100"][-1]) / 100


# ---- tempo -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bpm", [55, 60, 75, 90, 105, 120, 138, 155, 175])
def test_a_metronome_is_found_within_four_beats_and_a_second(kernel: Any, bpm: float) -> None:
    snapshots = kernel.feed(knocks(beats(bpm, 20), 20))
    assert found_after(snapshots, bpm) < 0.3 + 4 * 60 / bpm + 1
    assert last_bpm(snapshots) == pytest.approx(bpm, rel=0.002), "finer than the bank's steps"
    assert snapshots["confidence"][-1] > 58000


@pytest.mark.parametrize(
    ("rate", "hop"), [(12800, 64), (12800, 128), (16000, 64), (16000, 256), (32000, 128), (48000, 192)]
)
def test_rate_and_hop_make_no_difference(kernel: Any, rate: int, hop: int) -> None:
    kernel.start(rate, hop)
    moments = beats(128, 14)
    snapshots = kernel.feed(knocks(moments, 14, rate))
    assert last_bpm(snapshots) == pytest.approx(128, rel=0.004)
    assert np.abs(phase_errors(snapshots, moments, 8, rate, hop)).max() < 0.02


@pytest.mark.parametrize(("before", "after"), [(100, 140), (150, 80), (120, 126)])
def test_a_new_tempo_takes_over_within_eight_seconds(kernel: Any, before: float, after: float) -> None:
    first, second = beats(before, 12), beats(after, 14, 0.1)
    kernel.feed(knocks(first, 12))
    snapshots = kernel.feed(knocks(second, 14))
    assert found_after(snapshots, after) < 8
    assert np.abs(phase_errors(snapshots, second, 10)).max() < 0.035


def test_a_slow_change_is_followed(kernel: Any) -> None:
    """From 110 to 125 BPM within 25 s."""
    moments = [0.5]
    while moments[-1] < 25:
        moments.append(moments[-1] + 60 / (110 + 15 * moments[-1] / 25))
    snapshots = kernel.feed(knocks(moments, 25))
    bpm = np.interp(seconds_at(snapshots), moments[:-1], 60 / np.diff(moments))
    wrong = np.abs(snapshots["bpm_x100"] / 100 / bpm - 1)[seconds_at(snapshots) > 6]
    assert wrong.max() < 0.04
    assert np.abs(phase_errors(snapshots, np.array(moments), 8)).max() < 0.035


def test_kick_and_hat_tell_the_octave(kernel: Any) -> None:
    """Hats twice as often as kicks: the beat is the kick's, although more onsets fit the hats."""
    rng = np.random.default_rng(3)
    kicks, hats = beats(92, 20), beats(184, 20)
    sound = np.zeros(20 * RATE)
    at = np.arange(round(0.2 * RATE)) / RATE
    for moments, part in (
        (kicks, 0.8 * np.sin(2 * np.pi * 60 * at) * np.exp(-at / 0.08)),
        (hats, 0.15 * np.diff(rng.normal(0, 1, len(at) + 1)) * np.exp(-at / 0.02)),
    ):
        for moment in moments[moments < 19.7]:
            sound[round(moment * RATE) :][: len(part)] += part
    snapshots = kernel.feed(sound)
    assert last_bpm(snapshots) == pytest.approx(92, rel=0.01)
    assert np.abs(phase_errors(snapshots, kicks, 10)).max() < 0.035


@pytest.mark.parametrize("kind", ["noise", "held chord", "silence"])
def test_without_a_rhythm_there_is_no_tempo(kernel: Any, kind: str) -> None:
    at = np.arange(20 * RATE) / RATE
    sound = {
        "noise": np.random.default_rng(4).normal(0, 0.1, len(at)),
        "held chord": sum(0.1 * np.sin(2 * np.pi * hz * at) for hz in (220.0, 277.0, 330.0)),
        "silence": np.zeros(len(at)),
    }[kind]
    snapshots = kernel.feed(sound)
    assert snapshots["confidence"].max() < 3300
    assert np.all(snapshots["bpm_x100"] == 0)
    assert np.all(snapshots["beat"] == 0)


def test_irregular_knocks_do_not_look_certain(kernel: Any) -> None:
    moments = np.cumsum(np.random.default_rng(5).exponential(0.3, 200))
    snapshots = kernel.feed(knocks(moments[moments < 39], 40))
    assert np.mean(snapshots["confidence"]) < 20000


# ---- phase -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bpm", [60, 83, 120, 171])
def test_phase_is_zero_at_the_beat(kernel: Any, bpm: float) -> None:
    """Of the hop's last sample: the analysis makes up for its own delay."""
    moments = beats(bpm, 20)
    errors = phase_errors(kernel.feed(knocks(moments, 20)), moments, 8)
    assert np.abs(errors).max() < 0.012


def test_people_are_not_exact_and_the_clock_stays_even(kernel: Any) -> None:
    """15 ms of jitter on each knock."""
    even = beats(112, 25)
    snapshots = kernel.feed(knocks(even + np.random.default_rng(6).normal(0, 0.015, len(even)), 25))
    assert np.abs(phase_errors(snapshots, even, 10)).max() < 0.035
    steps = np.diff(turns(snapshots)[1250:]) / np.median(np.diff(turns(snapshots)[1250:]))
    assert 0.7 < steps.min() <= steps.max() < 1.3


def test_phase_advances_every_hop(kernel: Any) -> None:
    steps = np.diff(turns(kernel.feed(knocks(beats(120, 20), 20))))
    begun = np.flatnonzero(steps)[0]
    assert np.all(steps[begun:] > 0)
    assert np.all(steps <= 1.51 * 180 / 60 * HOP / RATE), "never faster than half as fast again as the fastest tempo"


def test_a_bar_of_rest_is_bridged(kernel: Any) -> None:
    moments = beats(120, 20)
    played = moments[(moments < 12) | (moments > 14)]
    assert np.abs(phase_errors(kernel.feed(knocks(played, 20)), moments, 8)).max() < 0.035


# ---- silence -----------------------------------------------------------------------------------------------------


def test_in_silence_confidence_decays_and_the_beat_goes_on(kernel: Any) -> None:
    moments = beats(125, 28)
    playing = kernel.feed(knocks(moments[moments < 13], 13))
    silent = kernel.feed(np.zeros(15 * RATE))
    assert playing["confidence"][-1] > 60000
    assert np.all(np.diff(silent["confidence"].astype(int)[200:]) <= 0)
    assert silent["confidence"][-1] < 700
    assert last_bpm(silent) == pytest.approx(125, rel=0.003)
    assert np.all(silent["novelty"][200:] == 0)
    errors = phase_errors(np.concatenate([playing, silent]), moments, 13)
    assert np.abs(errors).max() < 0.06, "15 s of free run"


def test_a_song_after_a_pause_is_found_as_if_it_were_the_first(kernel: Any) -> None:
    kernel.feed(knocks(beats(90, 10), 10))
    kernel.feed(np.zeros(20 * RATE))
    assert found_after(kernel.feed(knocks(beats(140, 12), 12)), 140) < 4


# ---- onsets ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0.8, 0.02])
def test_every_knock_is_one_onset(kernel: Any, level: float) -> None:
    moments = 0.3 + np.cumsum(np.random.default_rng(7).uniform(0.11, 0.6, 50))
    snapshots = kernel.feed(knocks(moments, moments[-1] + 1, level=level))
    counted = seconds_at(snapshots)[1:][np.diff(snapshots["onsets"].astype(int)) == 1]
    assert len(counted) == len(moments)
    assert np.all((counted - moments > 0) & (counted - moments < 0.03))


def test_novelty_is_full_at_the_strongest_of_the_recent_past(kernel: Any) -> None:
    novelty = kernel.feed(knocks(beats(120, 6), 6))["novelty"]
    peaks = [novelty[round(moment * 125) : round(moment * 125) + 8].max() for moment in beats(120, 6)[:-1]]
    assert min(peaks) > 45000
    assert np.median(novelty) == 0


# ---- whatever comes in -------------------------------------------------------------------------------------------

some_strength = st.floats(width=32) | st.sampled_from([0.0, 0.5, 2.0, 30.0, 1e30, 1e-42])  # NaN and infinities, too
a_stretch = st.tuples(
    st.lists(some_strength, min_size=1, max_size=120), st.integers(1, 700), st.booleans(), st.sampled_from([0, 1, 1, 1])
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stretches=st.lists(a_stretch, min_size=1, max_size=6),
    setting=st.sampled_from([(12000, 256), (12800, 64), (16000, 128), (16000, 64), (32000, 128), (48000, 64)]),
)
def test_no_novelty_runs_the_beat_backwards_or_leaves_the_range(
    kernel: Any, stretches: list[tuple[list[float], int, bool, int]], setting: tuple[int, int]
) -> None:
    novelty = np.concatenate(
        [np.zeros(0, NOVELTY), *(repeated(values, count, new) for values, count, _, new in stretches)]
    )
    silence = [silent for _, count, silent, _ in stretches for _ in range(count)]
    result = tempo_of(kernel.library, novelty, silence, *setting)
    told = result["bpm_x100"][result["bpm_x100"] > 0]
    assert np.all((told >= 5000) & (told <= 18000))
    steps = np.diff(turns(result))
    assert np.all(steps >= 0)
    assert np.all(steps <= 1.6 * 180 / 60 * setting[1] / setting[0])
    assert np.all(np.diff(result["onsets"].astype(int)) >= 0)


def repeated(values: list[float], count: int, new: int) -> NDArray[Any]:
    rows = np.zeros(count, NOVELTY)
    pattern = np.array(values, np.float32)
    rows["fresh"] = new
    rows["strength"] = np.resize(pattern, count)
    for shift, group in enumerate(GROUPS):
        rows[group] = np.resize(np.roll(pattern, shift), count)
    return rows
