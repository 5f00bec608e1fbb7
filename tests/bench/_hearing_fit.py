"""Fits the weights and the prior of firmware/native/periodicity.c anew: python -m tests.bench._hearing_fit

A log-linear model: the score of a tempo is linear in the correlations at its harmonics and in the logarithm of the
tempo and its square, and the probability of a tempo is the softmax over all tempos. Fitted by L-BFGS with a little L2
to generated clips whose seeds the bench does not use, and to every other track of the real music: what the trackers
agree on there, in any octave where they differ in that. The bench reports the tracks left out by themselves.
"""

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.signal import lfilter

import host_kernels

from . import _hearing_clips, _hearing_music
from ._hearing_clips import RATE, Clip
from ._hearing_trackers import OCTAVES as OCTAVE_ERRORS
from ._hearing_trackers import opinion

SEEDS = 1000  # to 2999; the bench begins at 50000
CLIPS_PER_STYLE = 16
MOMENTS_S = (5.6, 8.0, 14.4, 23.2)
TRACK_MOMENTS_S = (12.0, 24.0, 36.0, 48.0, 60.0)
TRACK_WEIGHT = 5.0  # one moment of real music counts like so many of generated
HOP, FRAMES_PER_S, MEMORY_S, MEAN_S = 128, 62.5, 4.5, 1.0  # as in periodicity.c, two frames in one
HARMONICS = np.array([1 / 4, 1 / 2, 2 / 3, 1, 3 / 2, 2, 3, 4])
BPM = np.geomspace(50, 180, 160)
LAGS = np.round(HARMONICS * 60 * FRAMES_PER_S / BPM[:, None]).astype(int)
OCTAVES = np.log2(BPM / BPM[0])[:, None]
L2 = 0.001
GROUPS = ("NOVELTY_LOW", "NOVELTY_MID", "NOVELTY_HIGH")


class Novelty(ctypes.Structure):
    """novelty_t"""

    _fields_ = [("fresh", ctypes.c_bool), ("strength", ctypes.c_float), ("groups", ctypes.c_float * 3)]


def groups_of(library: ctypes.CDLL, samples: NDArray[Any]) -> NDArray[np.float64]:
    """The three groups' novelty at 62.5 frames a second, as periodicity.c prepares it."""
    out, hops = Novelty(), len(samples) // HOP
    groups = np.empty((hops, 3))
    library.novelty_start(RATE, HOP)
    for hop, block in enumerate(np.ascontiguousarray(samples[: hops * HOP], np.float32).reshape(hops, HOP)):
        library.novelty_process(block.ctypes.data_as(ctypes.c_void_p), ctypes.byref(out))
        groups[hop] = out.groups
    thin = groups[: hops // 2 * 2].reshape(-1, 2, 3).mean(axis=1)
    wide = lfilter(np.array([1, 4, 6, 4, 1]) / 16, [1], thin, axis=0)
    share = 1 - np.exp(-1 / (FRAMES_PER_S * MEAN_S))
    return np.asarray(wide - lfilter([share], [1, share - 1], wide, axis=0))


def correlations(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """At every lag up to four beats of the slowest tempo, weighted by age, 1 at lag 0."""
    longest = LAGS.max() + 1
    weighted = signal * np.exp(-np.arange(len(signal))[::-1] / (FRAMES_PER_S * MEMORY_S))
    size = 1 << int(len(signal) + longest).bit_length()
    spectrum = np.conj(np.fft.rfft(signal, size)) * np.fft.rfft(weighted, size)
    found = np.fft.irfft(spectrum, size)[:longest]
    return np.asarray(found / (found[0] + 1))


Example = tuple[NDArray[np.float64], NDArray[np.bool_], float]  # features [tempo, 26], which tempos are right, weight


def features_at(groups: NDArray[np.float64], moment: float) -> NDArray[np.float64]:
    until = round(moment * FRAMES_PER_S)
    at_harmonics = [correlations(groups[:until, group])[LAGS] for group in range(3)]
    return np.concatenate([*at_harmonics, OCTAVES, OCTAVES**2], axis=1)


def near(bpm: float) -> NDArray[np.bool_]:
    return np.abs(np.log(BPM / bpm)) < 0.03


def of_clips(library: ctypes.CDLL, clips: Iterator[Clip]) -> Iterator[Example]:
    for clip in clips:
        groups = groups_of(library, clip.samples)
        for moment in MOMENTS_S[-1:] if clip.style in _hearing_clips.RAMPS else MOMENTS_S:
            yield features_at(groups, moment), near(clip.bpm), 1.0


def of_music(library: ctypes.CDLL) -> Iterator[Example]:
    for track in _hearing_music.tracks(_hearing_music.track_files(_hearing_music.fetch())):
        heard = opinion(track)
        if not track.for_fitting or heard.agreed is None:
            continue
        octaves = (1.0,) if heard.strict else OCTAVE_ERRORS
        right = np.any([near(heard.agreed * octave) for octave in octaves], axis=0)
        groups = groups_of(library, _hearing_music.resampled(track.samples, track.rate, RATE))
        for moment in TRACK_MOMENTS_S:
            if moment * FRAMES_PER_S <= len(groups):
                yield features_at(groups, moment), right, TRACK_WEIGHT


def fit(examples: list[Example]) -> NDArray[np.float64]:
    features, right, weight = (np.array(each, float) for each in zip(*examples, strict=True))
    shares = (weight / weight.sum())[:, None]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = features @ weights
        likely = np.exp(scores - scores.max(axis=1, keepdims=True))
        likely /= likely.sum(axis=1, keepdims=True)
        hit = (likely * right).sum(axis=1, keepdims=True) + 1e-12
        slope = np.einsum("et,etf->f", (likely - likely * right / hit) * shares, features)
        return float(L2 * weights @ weights - (shares * np.log(hit)).sum()), slope + 2 * L2 * weights

    found: NDArray[np.float64] = minimize(loss, np.zeros(features.shape[2]), jac=True, method="L-BFGS-B").x
    return found


def main() -> None:
    library = ctypes.CDLL(str(host_kernels.build()))
    clips = of_clips(library, _hearing_clips.clips(CLIPS_PER_STYLE, SEEDS))
    weights = fit([*clips, *of_music(library)])
    for name, row in zip(GROUPS, weights[:-2].reshape(3, -1), strict=True):
        print(f"    [{name}] = {{{', '.join(f'{weight:.2f}f' for weight in row)}}},")
    slope, bow = weights[-2:]
    place = -slope / (2 * bow)
    print(f"#define PRIOR_PLACE {place:.3f}f // {50 * 2**place:.0f} BPM, in octaves above the slowest")
    print(f"#define PRIOR_OCTAVES {np.sqrt(-1 / (2 * bow)):.2f}f")


if __name__ == "__main__":
    main()
