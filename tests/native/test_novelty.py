"""Onset strength: what counts as an onset, in which group, how late, and the same at every rate and hop."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.native.tempo_support import GROUPS, beats, fresh, knocks, novelty_of

RATE = 16000
SETTINGS = [(12000, 256), (12800, 64), (12800, 128), (16000, 64), (16000, 256), (32000, 128), (48000, 64), (48000, 192)]


def at(seconds: float, rate: int = RATE) -> NDArray[np.float64]:
    return np.arange(round(seconds * rate)) / rate


def struck(hz: float, moments: NDArray[Any], seconds: float, rate: int = RATE) -> NDArray[np.float64]:
    """A tone that is struck and decays, again and again."""
    since = at(seconds, rate)[:, None] - moments
    decay = np.where(since >= 0, np.exp(-np.maximum(since, 0) / 0.05), 0)
    return 0.5 * np.sum(decay * np.sin(2 * np.pi * hz * since), axis=1)


@pytest.mark.parametrize(("rate", "hop"), [(16000, 128), *SETTINGS])
def test_frames_come_at_63_to_126_a_second(kernel: Any, rate: int, hop: int) -> None:
    ends = np.flatnonzero(novelty_of(kernel.library, np.zeros(4 * rate), rate, hop)["fresh"])
    assert len(set(np.diff(ends))) == 1, "evenly"
    assert 46 <= rate / hop / np.diff(ends)[0] <= 126
    if rate / hop >= 126:
        assert rate / hop / np.diff(ends)[0] >= 63


@pytest.mark.parametrize(("hz", "group"), [(55, "low"), (80, "low"), (600, "mid"), (1200, "mid"), (5500, "high")])
@pytest.mark.parametrize("rate", [12800, 16000, 32000, 48000])
def test_groups_part_kicks_from_hats(kernel: Any, hz: float, group: str, rate: int) -> None:
    """Beside something that sounds in all three: each band is measured against its own loudest."""
    held = 0.1 * np.sin(2 * np.pi * np.outer([90, 700, 5000], at(4, rate))).sum(axis=0)
    swelling = np.sin(2 * np.pi * hz * at(4, rate)) * np.clip(np.sin(2 * np.pi * 3 * at(4, rate)) * 2, 0, 0.5)
    frames = fresh(novelty_of(kernel.library, held + swelling, rate))
    heard = {name: frames[name][100:].sum() for name in GROUPS}
    assert max(heard, key=lambda name: heard[name]) == group, heard


@pytest.mark.parametrize(("rate", "hop"), [(16000, 128), *SETTINGS])
def test_an_attack_is_a_peak_after_the_delay_in_the_header(kernel: Any, rate: int, hop: int) -> None:
    """The middle of the peak. The frame's last sample is what its time is taken from, so half a frame is uncertain."""
    moments = 0.5 + np.arange(20) * 0.4137  # nowhere near a whole number of frames apart
    novelty = novelty_of(kernel.library, knocks(moments, 9, rate), rate, hop)
    ends = (np.flatnonzero(novelty["fresh"]) + 1) * hop / rate
    strength = fresh(novelty)["strength"]
    late = []
    for moment in moments:
        near = (ends > moment - 0.02) & (ends < moment + 0.08)
        late.append(np.sum(ends[near] * strength[near]) / np.sum(strength[near]) - moment)
    frame = np.diff(ends)[0]
    assert np.mean(late) == pytest.approx(0.006 + frame / 2, abs=0.004 + frame / 2)
    assert np.ptp(late) < 1.5 * frame


def test_the_hop_does_not_change_what_is_heard(kernel: Any) -> None:
    sound = struck(300, beats(130, 6), 6) + struck(70, beats(65, 6), 6)
    whole, halves = (fresh(novelty_of(kernel.library, sound, RATE, hop)) for hop in (128, 64))
    for field in ("strength", *GROUPS):
        assert halves[field] == pytest.approx(whole[field], abs=1e-4), field


def test_a_softer_sound_is_heard_the_same(kernel: Any) -> None:
    """20 dB, once the bands' peaks are learned."""
    sound = struck(300, beats(130, 6), 6)
    loud, soft = (fresh(novelty_of(kernel.library, level * sound))[250:] for level in (1.0, 0.1))
    assert soft["strength"].sum() == pytest.approx(loud["strength"].sum(), rel=0.2)


def test_what_merely_sounds_is_no_onset(kernel: Any) -> None:
    held = fresh(novelty_of(kernel.library, 0.5 * np.sin(2 * np.pi * 440 * at(4))))[50:]
    assert max(held[name].max() for name in GROUPS) == 0
    assert held["strength"].max() < 0.05


def test_a_tremolo_counts_far_less_than_a_note_struck_as_often(kernel: Any) -> None:
    tone = np.sin(2 * np.pi * 440 * at(6))
    tremolo = fresh(novelty_of(kernel.library, 0.4 * tone * (1 + 0.4 * np.sin(2 * np.pi * 5 * at(6)))))
    notes = fresh(novelty_of(kernel.library, struck(440, np.arange(0.1, 6, 0.2), 6)))
    assert sum(tremolo[name][100:].sum() for name in GROUPS) < 0.05 * sum(notes[name][100:].sum() for name in GROUPS)


def test_hiss_of_a_quiet_room_is_nothing(kernel: Any) -> None:
    hiss = fresh(novelty_of(kernel.library, np.random.default_rng(1).normal(0, 1e-4, 4 * RATE)))
    assert hiss["strength"].max() < 0.15


some_sample = st.floats(-1e6, 1e6, width=32) | st.sampled_from([0.0, 1.0, -1.0, 1e-38, -1e-42, 3e4])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(st.tuples(st.lists(some_sample, min_size=1, max_size=30), st.integers(1, 3000)), max_size=6),
    setting=st.sampled_from([(16000, 128), *SETTINGS]),
)
def test_any_samples_give_a_strength_within_the_headers_limits(
    kernel: Any, parts: list[tuple[list[float], int]], setting: tuple[int, int]
) -> None:
    samples = np.concatenate([np.zeros(512), *(np.resize(np.array(part), count) for part, count in parts)])
    novelty = novelty_of(kernel.library, samples, *setting)
    for field, most in (("strength", 12.0), *((name, 30.0) for name in GROUPS)):
        assert np.all(np.isfinite(novelty[field])), field
        assert novelty[field].min() >= 0, field
        assert novelty[field].max() <= most, field
