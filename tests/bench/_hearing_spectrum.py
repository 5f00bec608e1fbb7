"""How exact the spectrum is, and what it costs on this machine beside two other ways to the same numbers."""

import ctypes
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import host_kernels
from host_kernels import BINS, Analysis

RATE, HOP = 16000, 128
AWAY_CENTS = 25.0
SECONDS = 0.45  # longer than the longest block and its delay
FFT_SIZE = 8192  # the next power of two above the lowest bin's block
ROUNDS, HOPS = 15, 250


def exactness() -> dict[str, float]:
    """Of every bin: where its response peaks (a parabola through three sines in dB), and a full-scale sine's level."""
    analysis = Analysis()
    analysis.start(RATE, HOP)
    cents, level_db = [], []
    for bin_, hz in enumerate(analysis.frequencies):
        below, at, above = (
            response_db(analysis, bin_, hz * 2 ** (away / 1200)) for away in (-AWAY_CENTS, 0, AWAY_CENTS)
        )
        cents.append(abs(0.5 * AWAY_CENTS * (above - below) / (2 * at - below - above)))
        level_db.append(abs(at))
    return {"bin_cents_max": round(max(cents), 3), "level_db_max": round(max(level_db), 4)}


def response_db(analysis: Analysis, bin_: int, hz: float) -> float:
    """The mean over the last hops: two tones' phases must not decide."""
    analysis.start(RATE, HOP)
    sine = 0.99 * np.sin(2 * np.pi * hz * np.arange(round(SECONDS * RATE)) / RATE)
    _, magnitudes = analysis.process_with_magnitudes(sine)
    return float(20 * np.log10(magnitudes[-8:, bin_].mean() / 0.99))


def cost_ratios(folder: Path) -> dict[str, Any]:
    """The spectrum's time as a share of the others', medians of rounds taken in turns.

    The FFT is given the easiest form of the job: one transform of 8192 points per hop, windowed for the lowest bin, the
    64 amplitudes read at the nearest points (up to 15 cents off); no shorter windows for the higher bins.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = Path(__file__).with_name("_hearing_goertzel.c")
    library = ctypes.CDLL(
        str(host_kernels.compile_to(folder / "goertzel.so", [source, *host_kernels.SOURCES], "-shared", "-fPIC"))
    )
    for function in (library.direct_run, library.spectrum_run):
        function.restype = ctypes.POINTER(ctypes.c_float)
    library.spectrum_frequency.restype = ctypes.c_float
    library.spectrum_start(ctypes.c_float(RATE), HOP, ctypes.c_float(110))
    library.direct_start(ctypes.c_float(RATE))
    samples = np.sin(2 * np.pi * 440 * np.arange(HOPS * HOP) / RATE).astype(np.float32)
    hz = np.array([library.spectrum_frequency(bin_) for bin_ in range(BINS)])
    ways: dict[str, Callable[[], Any]] = {
        "ours": lambda: library.spectrum_run(samples.ctypes.data_as(ctypes.c_void_p), HOP, HOPS),
        "direct": lambda: library.direct_run(samples.ctypes.data_as(ctypes.c_void_p), HOP, HOPS),
        "fft": lambda: fft_run(samples, hz),
    }
    for name, way in ways.items():  # all three must have done the job
        found = way()[:BINS] if name != "fft" else way()
        if int(np.argmax(found)) != 24:
            raise AssertionError(f"{name}: A4 is not where it belongs: {found}")
    taken = {name: statistics.median(times) for name, times in timed(ways).items()}
    return {
        "vs_numpy_fft": round(taken["ours"] / taken["fft"], 4),
        "vs_direct_goertzel": round(taken["ours"] / taken["direct"], 4),
        "spectrum_us": {name: round(1e6 * seconds / HOPS, 2) for name, seconds in taken.items()},
    }


def fft_run(samples: NDArray[np.float32], hz: NDArray[np.float64]) -> NDArray[Any]:
    history = np.zeros(FFT_SIZE, np.float32)
    block = round(2 * RATE / (hz[0] * (1 - 2 ** (-1 / 12))))
    window = np.zeros(FFT_SIZE, np.float32)
    window[-block:] = np.hanning(block) * 4 / block
    points = np.round(hz * FFT_SIZE / RATE).astype(int)
    found = np.zeros(BINS)
    for hop in samples.reshape(-1, HOP):
        history[:-HOP] = history[HOP:]
        history[-HOP:] = hop
        found = np.abs(np.fft.rfft(history * window)[points])
    return found


def timed(ways: dict[str, Callable[[], Any]]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            begun = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - begun)
    return times
