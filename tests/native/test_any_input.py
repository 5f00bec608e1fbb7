"""No input makes an output leave its range, an analysis stuck, or the C do what C leaves undefined."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from host_kernels import SOURCES

HERE = Path(__file__).parent
LOWEST, HIGHEST = -(2**31), 2**31 - 1
# What float NaNs, infinities and subnormals look like to a reader of int32, and the ends of the range.
PATTERNS = [0x7FC00000, -0x400000, 0x7F800000, -0x800000, 1, -1, LOWEST, LOWEST + 1, HIGHEST, 0, 0x7FF00000]


def square(half: int, high: int, low: int, count: int) -> NDArray[np.int32]:
    return np.where(np.arange(count) // half % 2, high, low).astype(np.int32)


def spikes(every: int, value: int, count: int) -> NDArray[np.int32]:
    return np.where(np.arange(count) % every == 0, value, 0).astype(np.int32)


some_word = st.one_of(st.sampled_from(PATTERNS), st.integers(LOWEST, HIGHEST))
COUNT = 4096
a_passage = st.one_of(
    some_word.map(lambda word: np.full(COUNT, word, np.int32)),  # DC, silence
    st.builds(square, st.integers(1, 400), some_word, some_word, st.just(COUNT)),
    st.builds(spikes, st.integers(2, 3000), some_word, st.just(COUNT)),
    st.integers(0, 2**32 - 1).map(
        lambda seed: np.random.default_rng(seed).integers(LOWEST, HIGHEST, COUNT, np.int32, endpoint=True)
    ),
    st.lists(some_word, min_size=1, max_size=40).map(lambda words: np.resize(np.array(words, np.int32), COUNT)),
)


def check(kernel: Any, snapshots: NDArray[Any], loudest: float) -> None:
    """The integers cannot leave their types; what they stand for must not be able to either."""
    assert np.all(np.isfinite(kernel.magnitudes))
    assert kernel.magnitudes.min() >= 0
    assert kernel.magnitudes.max() < loudest
    assert np.all(snapshots["bins"] == 64)
    assert np.all(snapshots["flags"] <= 3)
    assert np.all(snapshots["vu_rms"] <= snapshots["vu_peak"].astype(int) + 1)
    assert np.all(np.diff(snapshots["beat"].astype(np.int64)) >= 0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    passages=st.lists(a_passage, min_size=1, max_size=5),
    rate=st.sampled_from([12000, 12800, 16000, 32000, 48000]),
    hop=st.sampled_from([64, 128, 192, 256]),
    gain_db=st.sampled_from([0, 0, -24, 60]),
)
def test_no_input_leaves_the_range_or_a_trace(
    kernel: Any, passages: list[NDArray[np.int32]], rate: int, hop: int, gain_db: int
) -> None:
    kernel.start(rate, hop, gain_db=gain_db)
    for passage in passages:
        # Twice full scale can stand at the front end's output, and a square wave's fundamental is 4 / pi of it.
        check(kernel, kernel.feed(passage), 3 * 10 ** (gain_db / 20))
    kernel.silence(2.5)
    for field in ("spectrum", "chroma", "bass", "mid", "treble", "vu_peak", "vu_rms"):
        assert np.all(kernel.last[field] == 0), field
    kernel.sine(kernel.frequencies[40], 1.5, 0.0005)
    expected = 0.0005 * 10 ** (gain_db / 20)
    assert kernel.magnitudes[40] == pytest.approx(expected, rel=0.01), "and it hears as if nothing had been"


@pytest.mark.parametrize("kind", ["address", "trap"])
def test_no_undefined_behaviour(run_c: Callable[..., dict[str, int]], kind: str) -> None:
    """The same kinds of input in builds that stop at overflows, bad casts and indices out of bounds."""
    assert run_c("hostile_input", [HERE / "hostile_input.c", *SOURCES], kind) == {"runs": 16}
