"""Our tempo and beats on clips with known beats and on real music, judged as the trackers beside it are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_kernels import Analysis

from . import _hearing_trackers as trackers
from ._hearing_clips import RATE, Clip
from ._hearing_music import Track, resampled

HOP = 128
SETTLED_S = 10.0  # phase is judged from here on
LAST_S = 2.0  # of a clip: its tempo
HEARD_S = 8.0  # of a track: from here on, the middle of all estimates is its tempo


@dataclass(frozen=True)
class Judged:
    style: str
    bpm: float
    ours: float
    first_s: float | None  # from the first beat to the first estimate within 4 %
    phase_ms: list[float]  # at each known beat, absolute; empty where the tempo is wrong
    others: dict[str, float]  # what the trackers say, where they were asked

    def right(self, bpm: float, octaves: bool) -> bool:
        return trackers.same_but_for_octave(bpm, self.bpm) if octaves else trackers.same(bpm, self.bpm)


def heard(analysis: Analysis, samples: NDArray[Any]) -> NDArray[Any]:
    analysis.start(RATE, HOP)
    return analysis.process(samples)


def judge(analysis: Analysis, clip: Clip, ask_others: bool) -> Judged:
    snapshots = heard(analysis, clip.samples)
    at = (np.arange(len(snapshots)) + 1) * HOP / RATE
    bpm = snapshots["bpm_x100"] / 100
    ours = float(np.median(bpm[at > at[-1] - LAST_S]))
    local = np.interp(at, clip.beats[:-1], 60 / np.diff(clip.beats))
    right = np.flatnonzero(np.abs(bpm / local - 1) <= trackers.WITHIN)
    first = max(0.0, float(at[right[0]] - clip.beats[0])) if len(right) else None
    errors = phase_errors(snapshots, at, clip.beats) if trackers.same(ours, clip.bpm) else []
    others = {}
    if ask_others:
        others["librosa"] = trackers.librosa_bpm(clip.samples, RATE)
        others["aubio"] = trackers.aubio_bpm(clip.samples, RATE)
    return Judged(clip.style, clip.bpm, ours, first, errors, others)


def phase_errors(snapshots: NDArray[Any], at: NDArray[Any], beats: NDArray[Any]) -> list[float]:
    """ms between each known beat and the nearest moment at which the phase is 0."""
    turns = snapshots["beat"].astype(np.int64) + snapshots["phase"] / 65536
    settled = beats[(beats > SETTLED_S) & (beats < at[-1])]
    turn = np.interp(settled, at, turns)
    lasts = np.interp(settled, beats[:-1], np.diff(beats))
    return [float(error) for error in 1000 * np.abs(turn - np.round(turn)) * lasts]


@dataclass(frozen=True)
class Heard:
    name: str
    ours: float
    opinion: trackers.Opinion
    for_fitting: bool

    @property
    def octave_right(self) -> bool:
        return self.opinion.agreed is not None and trackers.same_but_for_octave(self.ours, self.opinion.agreed)

    @property
    def strictly_right(self) -> bool:
        return self.opinion.agreed is not None and trackers.same(self.ours, self.opinion.agreed)


def judge_track(analysis: Analysis, track: Track) -> Heard:
    bpm = heard(analysis, resampled(track.samples, track.rate, RATE))["bpm_x100"][round(HEARD_S * RATE / HOP) :] / 100
    found = bpm[bpm > 0]
    ours = float(np.median(found)) if len(found) else 0.0
    return Heard(track.name, ours, trackers.opinion(track), track.for_fitting)
