"""Samples in, loudness out: scaling, gain, DC and clipping."""

from typing import Any

import numpy as np
import pytest

from host_kernels import CLIPPED

RATES_AND_HOPS = [(12800, 64), (12800, 128), (16000, 64), (16000, 128), (32000, 64), (32000, 128), (48000, 256)]


@pytest.mark.parametrize(("rate", "hop"), RATES_AND_HOPS)
def test_loudness_of_a_full_scale_sine(kernel: Any, rate: int, hop: int) -> None:
    kernel.start(rate, hop)
    snapshots = kernel.sine(1000, 1.0)[-20:]
    assert snapshots["vu_peak"].min() > 65000
    # A hop is no whole number of periods: the mean of squares is right on average.
    assert np.sqrt(np.mean(snapshots["vu_rms"].astype(float) ** 2)) == pytest.approx(65535 / np.sqrt(2), rel=0.005)


def test_loudness_is_linear(kernel: Any) -> None:
    kernel.sine(1000, 1.0, 0.01)
    assert kernel.last["vu_rms"] == pytest.approx(655.35 / np.sqrt(2), rel=0.01)


@pytest.mark.parametrize("gain_db", [-24, -6, 12, 60])
def test_gain(kernel: Any, gain_db: int) -> None:
    amplitude = 0.5 * 10 ** (-gain_db / 20) if gain_db > 0 else 0.5
    expected = amplitude * 10 ** (gain_db / 20)
    kernel.start(gain_db=gain_db)
    kernel.sine(1000, 1.0, amplitude)
    assert kernel.last["vu_rms"] == pytest.approx(expected * 65535 / np.sqrt(2), rel=0.01)
    kernel.sine(kernel.frequencies[24], 1.0, amplitude)
    assert kernel.magnitudes[24] == pytest.approx(expected, rel=0.005)


def test_gain_beyond_full_scale_saturates_and_is_not_clipping(kernel: Any) -> None:
    kernel.start(gain_db=40)
    kernel.sine(1000, 0.5, 0.5)
    assert (kernel.last["vu_peak"], kernel.last["vu_rms"]) == (65535, 65535)
    assert not kernel.last["flags"] & CLIPPED


@pytest.mark.parametrize("dc", [-0.4, 0.4])
def test_dc_is_removed(kernel: Any, dc: float) -> None:
    clean = kernel.sine(440, 1.0, 0.5)[-1]
    kernel.start()
    offset = kernel.sine(440, 1.0, 0.5, dc)[-1]
    for field in ("vu_peak", "vu_rms", "spectrum", "chroma", "bass", "mid", "treble"):
        assert offset[field] == pytest.approx(clean[field], abs=60), field


def test_offset_of_the_microphone_makes_no_thump_at_the_start(kernel: Any) -> None:
    kernel.feed(np.full(256, 0.5))
    assert (kernel.last["vu_peak"], kernel.last["vu_rms"], kernel.last["bass"]) == (0, 0, 0)


def test_a_step_of_dc_dies_away(kernel: Any) -> None:
    kernel.feed(np.repeat([0.0, 0.5], [2560, 8064]))
    assert (kernel.last["vu_peak"], kernel.last["vu_rms"]) == (0, 0)


@pytest.mark.parametrize(("raw", "flags"), [
    (0x7FFFFFFF, CLIPPED), (-0x80000000, CLIPPED),  # 32 bits
    (0x7FFFFF00, CLIPPED), (-0x7FFFFF00, CLIPPED),  # 24 bits
    (0x7FFF0000, CLIPPED), (-0x7FFF0000, CLIPPED),  # 16 bits
    (0x7FF00000, CLIPPED), (-0x7FF00000, CLIPPED), (0x7FEFFFFF, 0), (-0x7FEFFFFF, 0), (0, 0),
])  # fmt: skip
def test_clipping_flag(kernel: Any, raw: int, flags: int) -> None:
    samples = np.zeros(128, np.int32)
    samples[100] = raw
    kernel.feed(samples)
    assert kernel.last["flags"] == flags
    kernel.feed(np.zeros(128))
    assert kernel.last["flags"] == 0, "the flag belongs to its hop"


@pytest.mark.parametrize(("bits", "floor_db"), [(24, -140), (32, -170)])
def test_resolution_of_the_microphone_is_kept(kernel: Any, bits: int, floor_db: int) -> None:
    """A sine of a few steps of the microphone's word is measured, not lost on the way to float."""
    amplitude = 10 ** (floor_db / 20) * 2**31
    wave = amplitude * np.sin(2 * np.pi * kernel.frequencies[40] * np.arange(16000) / 16000)
    step = 2.0 ** (32 - bits)
    dither = np.random.default_rng(1).uniform(-0.5, 0.5, len(wave))
    kernel.feed((np.round(wave / step + dither) * step).astype(np.int32))
    assert kernel.levels_db[40] == pytest.approx(floor_db, abs=4)
