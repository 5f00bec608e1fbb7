"""The spectrum against the definition: level, frequency, leakage, aliases."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

SEMITONES = range(64)
SETTINGS = [(12800, 64), (12800, 128), (16000, 64), (16000, 128), (16000, 256), (32000, 64), (32000, 128), (48000, 192)]


def windowed_amplitude(samples: NDArray[Any], centre: float, length: float, hz: float, rate: float) -> float:
    """Amplitude at hz through a Hann window of any length and place (in samples), straight from the definition."""
    at = np.arange(len(samples)) - centre
    window = np.where(np.abs(at) < length / 2, 0.5 + 0.5 * np.cos(2 * np.pi * at / length), 0)
    return float(4 / length * abs(np.sum(window * samples * np.exp(-2j * np.pi * hz * at / rate))))


def without_dc(samples: NDArray[Any], rate: float) -> NDArray[Any]:
    """The front end's 10 Hz one-pole high-pass in double precision."""
    pole = 1 - 2 * np.pi * 10 / rate
    output, before, result = 0.0, samples[0], np.empty_like(samples)
    for i, sample in enumerate(samples):
        output = (1 + pole) / 2 * (sample - before) + pole * output
        before = sample
        result[i] = output
    return result


def sine_at(kernel: Any, hz: float, phase: float = 0.3) -> None:
    seconds = 1.1 * (kernel.delay_seconds[0] + kernel.block_seconds[0] / 2) + 0.3
    kernel.feed(np.sin(2 * np.pi * hz * np.arange(round(seconds * kernel.rate)) / kernel.rate + phase))


def test_bins_are_semitones_from_a2(kernel: Any) -> None:
    cents = 1200 * np.log2(kernel.frequencies / (110 * 2 ** (np.arange(64) / 12)))
    assert abs(cents).max() < 0.01


@pytest.mark.parametrize("rate", [12800, 16000, 32000])
def test_block_length_follows_the_neighbours_spacing_in_every_octave(kernel: Any, rate: int) -> None:
    """Two periods of the distance to the semitone below, within the 2 % that whole pairs of samples cost."""
    kernel.start(rate)
    spacing = kernel.frequencies * (1 - 2 ** (-1 / 12))
    assert kernel.block_seconds == pytest.approx(2 / spacing, rel=0.022)


@pytest.mark.parametrize(("rate", "hop"), SETTINGS)
def test_full_scale_sine_reads_the_same_in_every_bin(kernel: Any, rate: int, hop: int) -> None:
    for semitone in SEMITONES:
        kernel.start(rate, hop)
        sine_at(kernel, kernel.frequencies[semitone])
        assert abs(kernel.levels_db[semitone]) < 0.05


@pytest.mark.parametrize("rate", sorted({rate for rate, _ in SETTINGS}))
def test_bins_peak_at_their_frequency(kernel: Any, rate: int) -> None:
    """Responses 30 cents to both sides; the peak of the parabola through them lies within 0.5 cents."""
    for semitone in SEMITONES:
        levels = []
        for cents in (-30, 0, 30):
            kernel.start(rate)
            sine_at(kernel, kernel.frequencies[semitone] * 2 ** (cents / 1200))
            levels.append(kernel.levels_db[semitone])
        low, middle, high = levels
        assert abs(30 * (low - high) / (2 * (low - 2 * middle + high))) < 0.5


@pytest.mark.parametrize("rate", [12800, 16000, 32000])
def test_magnitudes_agree_with_the_definition_on_noise(kernel: Any, rate: int) -> None:
    """Every bin, in the block that ended when it was last due: neither filters nor rates in between can be told."""
    kernel.start(rate)
    samples = np.random.default_rng(7).normal(0, 0.1, rate)
    _, history = kernel.process_with_magnitudes(samples)
    heard = without_dc(samples, rate)
    for semitone in SEMITONES:
        changed = np.flatnonzero(np.diff(history[:, semitone]))[-1] + 1
        end = (changed + 1) * 128
        centre = end - 0.5 - kernel.delay_seconds[semitone] * rate
        octaves = round(np.log2(kernel.block_seconds[semitone] * rate / 140))  # by which the bin's level is slower
        centre += (2**octaves - 1) / 2  # the newest sample of a level stands for its own place, not for its end
        expected = windowed_amplitude(
            heard, centre, kernel.block_seconds[semitone] * rate, kernel.frequencies[semitone], rate
        )
        assert history[-1, semitone] == pytest.approx(expected, rel=3e-3, abs=3e-5)


@pytest.mark.parametrize(("rate", "hop"), SETTINGS)
def test_leakage(kernel: Any, rate: int, hop: int) -> None:
    """The table of spectrum.h: limits by distance in semitones, the same for all bins."""
    limits = {1: -34, 2: -48, 3: -54.5, 12: -84}
    distances = abs(np.subtract.outer(np.arange(64), np.arange(64)))
    for semitone in SEMITONES:
        kernel.start(rate, hop)
        sine_at(kernel, kernel.frequencies[semitone])
        for distance, limit in limits.items():
            assert kernel.levels_db[distances[semitone] == distance].max() < limit, (semitone, distance)
        assert kernel.levels_db[distances[semitone] > 12].max(initial=-200) < -78


@pytest.mark.parametrize("rate", [12800, 16000, 32000])
def test_what_is_above_the_bins_folds_onto_none(kernel: Any, rate: int) -> None:
    """Sines between the top bin's skirt and the Nyquist frequency."""
    for hz in np.geomspace(5000, rate / 2 - 20, 40):
        kernel.start(rate)
        sine_at(kernel, hz)
        far = kernel.frequencies < 0.75 * hz  # a sine beside the top bins is in their window's skirt
        assert kernel.levels_db[far].max() < -70, hz


def test_quiet_note_beside_a_loud_one_is_measured(kernel: Any) -> None:
    """60 dB apart and an octave away: float32 rounding of the loud one stays below the quiet one."""
    low, high = kernel.frequencies[[12, 24]]
    at = np.arange(16000) / 16000
    kernel.feed(0.99 * np.sin(2 * np.pi * low * at) + 0.001 * np.sin(2 * np.pi * high * at))
    assert kernel.levels_db[24] == pytest.approx(-60, abs=0.5)


@pytest.mark.parametrize(("rate", "hop"), SETTINGS)
def test_every_bin_is_measured_again_within_an_eighth_of_its_block(kernel: Any, rate: int, hop: int) -> None:
    kernel.start(rate, hop)
    _, history = kernel.process_with_magnitudes(np.random.default_rng(2).normal(0, 0.1, 2 * rate))
    changes = np.diff(history[len(history) // 2 :], axis=0) != 0
    for semitone in SEMITONES:
        longest = np.diff(np.flatnonzero(changes[:, semitone])).max() * hop / rate
        assert longest <= max(hop / rate, kernel.block_seconds[semitone] / 8) + 1e-6


def test_the_work_is_spread_over_the_hops(kernel: Any) -> None:
    """No hop measures many more bins than the average one."""
    _, history = kernel.process_with_magnitudes(np.random.default_rng(2).normal(0, 0.1, 32000))
    measured = (np.diff(history[100:], axis=0) != 0).sum(axis=1)
    assert measured.max() <= 1.05 * measured.mean()


@pytest.mark.parametrize(("semitone", "limit_ms"), [(0, 190), (12, 95), (24, 47), (36, 23), (48, 11)])
def test_delay_is_what_the_header_says(kernel: Any, semitone: int, limit_ms: float) -> None:
    """A burst centred at a known moment: the bin is loudest that much later, to within the strides."""
    hz, rate = kernel.frequencies[semitone], 16000
    moment, width = 1.0, kernel.block_seconds[semitone] / 8
    at = np.arange(2 * rate) / rate
    _, history = kernel.process_with_magnitudes(
        0.9 * np.exp(-(((at - moment) / width) ** 2)) * np.sin(2 * np.pi * hz * at)
    )
    loudest = (np.mean(np.flatnonzero(history[:, semitone] == history[:, semitone].max())) + 1) * 128 / rate
    assert loudest - moment == pytest.approx(kernel.delay_seconds[semitone], abs=0.02 + 0.008)
    assert kernel.delay_seconds[semitone] * 1000 < limit_ms
