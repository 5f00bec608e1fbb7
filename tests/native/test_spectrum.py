"""The spectrum against the definition: level, frequency, leakage, noise floor, auto-range."""

import math
import random
from typing import Any

import pytest

SEMITONES = range(64)
SETTINGS = [(16000, 64), (16000, 128), (16000, 256), (12800, 128), (32000, 256)]


def windowed_dft(samples: list[float], hz: float, rate: float) -> float:
    """Amplitude at hz over all samples through a centred Hann window, straight from the definition."""
    n = len(samples)
    re = im = 0.0
    for i, sample in enumerate(samples):
        weighted = sample * (0.5 - 0.5 * math.cos(2 * math.pi * (i + 0.5) / n))
        re += weighted * math.cos(2 * math.pi * hz * i / rate)
        im += weighted * math.sin(2 * math.pi * hz * i / rate)
    return 4 * math.hypot(re, im) / n


def without_dc(samples: list[float], rate: float) -> list[float]:
    """The front end's 10 Hz one-pole high-pass in double precision."""
    pole = 1 - 2 * math.pi * 10 / rate
    output, before, result = 0.0, samples[0], []
    for sample in samples:
        output = (1 + pole) / 2 * (sample - before) + pole * output
        before = sample
        result.append(output)
    return result


def noise(seconds: float, rms: float, seed: int = 1) -> list[float]:
    source = random.Random(seed)
    return [source.gauss(0, rms) for _ in range(round(16000 * seconds))]


def test_bins_are_semitones_from_a2(kernel: Any) -> None:
    for semitone in SEMITONES:
        cents = 1200 * math.log2(kernel.frequency(semitone) / (110 * 2 ** (semitone / 12)))
        assert abs(cents) < 0.01


def test_block_length_follows_the_neighbours_spacing(kernel: Any) -> None:
    blocks = [kernel.block(semitone) for semitone in SEMITONES]
    assert blocks[0] == 2048
    for semitone in range(17, 64):  # above the bound
        spacing = kernel.frequency(semitone) - kernel.frequency(semitone - 1)
        assert blocks[semitone] == pytest.approx(2 * 16000 / spacing, abs=2)


@pytest.mark.parametrize("rate,hop", SETTINGS)
def test_full_scale_sine_reads_the_same_in_every_bin(kernel: Any, rate: int, hop: int) -> None:
    for semitone in SEMITONES:
        kernel.start(rate, hop)
        kernel.sine(kernel.frequency(semitone))
        assert abs(kernel.level_db(semitone)) < 0.1


@pytest.mark.parametrize("rate", sorted({rate for rate, _ in SETTINGS}))
def test_bins_peak_at_their_frequency(kernel: Any, rate: int) -> None:
    """Responses 40 cents to both sides; the peak of the parabola through them lies within 2 cents."""
    hop = 128
    for semitone in SEMITONES:
        levels = []
        for cents in (-40, 0, 40):
            kernel.start(rate, hop)
            kernel.sine(kernel.frequency(semitone) * 2 ** (cents / 1200))
            levels.append(kernel.level_db(semitone))
        low, middle, high = levels
        assert abs(40 * (low - high) / (2 * (low - 2 * middle + high))) < 2


@pytest.mark.parametrize("semitone", [0, 1, 17, 30, 47, 63])
def test_magnitudes_agree_with_the_definition_on_noise(kernel: Any, semitone: int) -> None:
    hops = 17 - semitone % 2  # of two neighbours with a stride of 2, the even one is measured first
    samples = noise(hops * 256 / 16000, 0.1)
    kernel.feed(samples)
    newest = without_dc(samples, 16000)[-kernel.block(semitone) :]
    expected = windowed_dft(newest, kernel.frequency(semitone), 16000)
    assert kernel.magnitude(semitone) == pytest.approx(expected, rel=1e-3, abs=1e-5)  # rounding: 80 dB below the noise


def test_leakage(kernel: Any) -> None:
    """Limits by distance in semitones; below 270 Hz the bounded block lets near neighbours through."""
    limits = {1: -35, 2: -45, 3: -55, 12: -80}
    limits_low = {1: -4, 2: -22, 3: -35, 12: -80}
    for semitone in SEMITONES:
        kernel.start()
        kernel.sine(kernel.frequency(semitone))
        for distance in limits:
            for other in {semitone - distance, semitone + distance} & set(SEMITONES):
                bounded = 2048 in (kernel.block(semitone), kernel.block(other))
                assert kernel.level_db(other) < (limits_low if bounded else limits)[distance]


def test_quiet_note_beside_a_loud_one_is_measured(kernel: Any) -> None:
    """60 dB apart and an octave away: float32 rounding of the loud one stays below the quiet one."""
    low, high = kernel.frequency(12), kernel.frequency(24)
    kernel.feed(
        math.sin(2 * math.pi * low * i / 16000) + 0.001 * math.sin(2 * math.pi * high * i / 16000) for i in range(8192)
    )
    assert kernel.level_db(24) == pytest.approx(-60, abs=0.5)


def test_spectrum_is_auto_ranged(kernel: Any) -> None:
    for amplitude in (0.5, 0.01):
        kernel.start()
        kernel.sine(440, 0.5, amplitude)
        assert kernel.spectrum[24] > 60000
        assert max(kernel.spectrum[:20] + kernel.spectrum[29:]) < 700


def test_range_recovers_after_a_loud_passage(kernel: Any) -> None:
    kernel.sine(440, 1.0, 0.5)
    kernel.sine(440, 0.5, 0.01)
    assert kernel.spectrum[24] < 5000
    kernel.sine(440, 20.0, 0.01)
    assert kernel.spectrum[24] > 30000


def test_silence_is_dark_at_once_and_exactly(kernel: Any) -> None:
    kernel.sine(440, 1.0)
    kernel.feed([0.0] * 9600)  # short enough to see the high-pass still decaying, did it not stop at -180 dB
    assert kernel.spectrum == (0,) * 64
    assert kernel.vu == (0, 0)
    assert kernel.magnitudes() == [0.0] * 64  # and not tiny: subnormal numbers are slow


def test_a_sound_below_the_range_is_not_stretched_to_full_brightness(kernel: Any) -> None:
    kernel.feed([0.0] * 160_000)
    kernel.sine(440, 0.5, 0.0002)  # -74 dB, a fifth of the smallest range
    assert kernel.spectrum[24] == pytest.approx(65535 / 5, rel=0.05)


def test_hiss_of_a_quiet_room_is_dark_from_the_start(kernel: Any) -> None:
    samples = noise(2, 1e-4)  # -80 dB of full scale, a cheap microphone
    for first in range(0, len(samples), 2048):
        kernel.feed(samples[first : first + 2048])
        assert max(kernel.spectrum) == 0


def test_steady_noise_is_learned_and_music_stands_out(kernel: Any) -> None:
    def brightness(seconds: float, seed: int) -> float:
        total, samples = [], noise(seconds, 0.016, seed)  # -36 dB: an air conditioner beside the node
        for first in range(0, len(samples) - 255, 256):
            kernel.feed(samples[first : first + 256])
            total.append(sum(kernel.spectrum) / 64)
        return sum(total) / len(total)

    before = brightness(1, 1)
    brightness(12, 2)
    after = brightness(1, 3)
    assert before > 3 * after
    kernel.sine(440, 0.5, 0.1)
    assert kernel.spectrum[24] > 60000


def test_a_held_note_is_not_learned_as_noise(kernel: Any) -> None:
    kernel.sine(440, 30.0, 0.25)
    assert kernel.spectrum[24] > 60000


@pytest.mark.parametrize("hop", [64, 100, 128, 256])
def test_every_bin_is_measured_again_within_a_quarter_of_its_block(kernel: Any, hop: int) -> None:
    kernel.start(16000, hop)
    kernel.feed(noise(0.5, 0.1))
    unchanged = dict.fromkeys(SEMITONES, 0)
    samples = noise(0.5, 0.1, 2)
    magnitudes = kernel.magnitudes()
    for first in range(0, len(samples) - hop + 1, hop):
        kernel.feed(samples[first : first + hop])
        for semitone, magnitude in enumerate(kernel.magnitudes()):
            unchanged[semitone] = 0 if magnitude != magnitudes[semitone] else unchanged[semitone] + hop
            assert unchanged[semitone] + hop <= max(hop, kernel.block(semitone) / 4)
        magnitudes = kernel.magnitudes()
