"""Samples in, loudness out: scaling, DC, clipping, limits, and input no microphone should send."""

import array
import math
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
NATIVE = HERE.parents[1] / "firmware" / "native"
CLIPPED = 1


@pytest.mark.parametrize("rate,hop", [(11999, 256), (48001, 256), (0, 256), (16000, 63), (16000, 257), (16000, 0)])
def test_rate_and_hop_outside_their_limits_change_nothing(kernel: Any, rate: int, hop: int) -> None:
    kernel.sine(440)
    before = kernel.magnitudes()
    assert not kernel.library.goertzel_start(rate, hop)
    assert kernel.magnitudes() == before


@pytest.mark.parametrize("rate,hop", [(12000, 64), (48000, 256)])
def test_limits_themselves_are_accepted(kernel: Any, rate: int, hop: int) -> None:
    assert kernel.start(rate, hop)


def test_loudness_of_a_full_scale_sine(kernel: Any) -> None:
    kernel.sine(1000, 1.0)
    peak, rms = kernel.vu
    assert peak > 65000
    assert rms == pytest.approx(65535 / math.sqrt(2), rel=0.005)


def test_loudness_is_linear(kernel: Any) -> None:
    kernel.sine(1000, 1.0, 0.01)
    assert kernel.vu[1] == pytest.approx(655.35 / math.sqrt(2), rel=0.01)


@pytest.mark.parametrize("dc", [-0.4, 0.4])
def test_dc_is_removed(kernel: Any, dc: float) -> None:
    kernel.sine(440, 1.0, 0.5)
    clean = kernel.vu, kernel.spectrum
    kernel.start()
    kernel.sine(440, 1.0, 0.5, dc)
    assert kernel.vu[0] == pytest.approx(clean[0][0], abs=40)
    assert kernel.vu[1] == pytest.approx(clean[0][1], abs=40)
    assert kernel.spectrum == pytest.approx(clean[1], abs=40)


def test_offset_of_the_microphone_makes_no_thump_at_the_start(kernel: Any) -> None:
    kernel.feed([0.5] * 256)
    assert kernel.vu == (0, 0)


def test_a_step_of_dc_dies_away(kernel: Any) -> None:
    kernel.feed([0.0] * 2560 + [0.5] * 8000)
    assert kernel.vu == (0, 0)


@pytest.mark.parametrize("raw,flags", [
    (0x7FFFFF00, CLIPPED), (-0x80000000, CLIPPED),  # 24 bits
    (0x7FFF0000, CLIPPED), (-0x7FFF0000, CLIPPED),  # 16 bits
    (0x7FE00000, 0), (-0x7FE00000, 0), (0, 0),
])  # fmt: skip
def test_clipping_flag(kernel: Any, raw: int, flags: int) -> None:
    samples = array.array("i", [0] * 256)
    samples[100] = raw
    kernel.feed_raw(samples)
    assert kernel.flags == flags
    kernel.feed([0.0] * 256)
    assert kernel.flags == 0, "the flag belongs to its hop"


def square(hz: float) -> list[int]:
    half = round(8000 / hz)
    return [2**31 - 1 if i // half % 2 else -(2**31) for i in range(16000)]


def spikes() -> list[int]:
    return [2**31 - 1 if i % 997 == 0 else -(2**31) if i % 997 == 1 else 0 for i in range(16000)]


def random_bits() -> list[int]:
    source = random.Random(5)
    return [source.getrandbits(32) - 2**31 for _ in range(16000)]


def float_patterns() -> list[int]:
    """What float NaNs, infinities and subnormals look like to a reader of int32."""
    return [0x7FC00000, -0x400000, 0x7F800000, -0x800000, 1, -(2**31) + 1] * 2667


HOSTILE = {
    "square50": square(50),
    "square110": square(110),
    "square1000": square(1000),
    "nyquist": square(8000),
    "spikes": spikes(),
    "random": random_bits(),
    "floats": float_patterns(),
    "lowest": [-(2**31)] * 16000,
    "highest": [2**31 - 1] * 16000,
}


@pytest.mark.parametrize("samples", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_input_leaves_the_range_or_a_trace(kernel: Any, samples: list[int]) -> None:
    raw = array.array("i", samples)
    for first in range(0, len(raw) - 2047, 2048):
        kernel.feed_raw(raw[first : first + 2048])
        for magnitude in kernel.magnitudes():
            assert 0 <= magnitude < 1.5, "a square wave's fundamental is 4/pi; NaN fails both comparisons"
    kernel.feed([0.0] * 16000)
    assert kernel.spectrum == (0,) * 64
    assert kernel.vu == (0, 0)


def test_no_undefined_behaviour_on_hostile_input(compile_c: Callable[..., Path]) -> None:
    """The same kinds of input in a build that traps on overflow, bad casts and indices out of bounds."""
    program = compile_c(
        "hostile_input", [HERE / "hostile_input.c", NATIVE / "goertzel.c"],
        "-fsanitize=undefined,float-cast-overflow", "-fsanitize-undefined-trap-on-error",
    )  # fmt: skip
    done = subprocess.run([program], capture_output=True, text=True)
    assert done.returncode == 0, f"stopped by signal {-done.returncode} after: {done.stdout}"
