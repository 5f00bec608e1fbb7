"""novelty.h and tempo.h by themselves, as the analysis calls them."""

import ctypes
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

GROUPS = ("low", "mid", "high")
NOVELTY = np.dtype([("fresh", "u1"), ("padding", "u1", 3), ("strength", "<f4"), *[(name, "<f4") for name in GROUPS]])
TEMPO = np.dtype([
    ("bpm_x100", "<u2"), ("confidence", "<u2"), ("phase", "<u2"), ("onsets", "<u2"), ("novelty", "<u2"),
    ("padding", "<u2"), ("beat", "<u4"),
])  # fmt: skip


def novelty_of(library: ctypes.CDLL, samples: NDArray[Any], rate: int = 16000, hop: int = 128) -> NDArray[Any]:
    """Starts anew; the novelty of each whole hop of floats."""
    blocks = np.ascontiguousarray(samples, np.float32)
    result = np.zeros(len(blocks) // hop, NOVELTY)
    library.novelty_start(rate, hop)
    for i in range(len(result)):
        library.novelty_process(_at(blocks, i * hop), _at(result, i))
    return result


def fresh(novelty: NDArray[Any]) -> NDArray[Any]:
    """One row per frame."""
    return novelty[novelty["fresh"] == 1]


def tempo_of(
    library: ctypes.CDLL,
    novelty: NDArray[Any],
    silence: Iterable[bool] | None = None,
    rate: int = 16000,
    hop: int = 128,
) -> NDArray[Any]:
    """Starts anew; the tempo after each hop."""
    novelty = np.ascontiguousarray(novelty)
    result = np.zeros(len(novelty), TEMPO)
    library.tempo_start(rate, hop)
    for i, silent in enumerate(silence):
        library.tempo_process(_at(novelty, i), ctypes.c_bool(silent), _at(result, i))
    return result


def _at(array: NDArray[Any], index: int) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data + index * array.itemsize)


# ---- sounds ------------------------------------------------------------------------------------------------------


def knocks(moments: Iterable[float], seconds: float, rate: int = 16000, level: float = 0.5) -> NDArray[np.float64]:
    """A woodblock at each of the moments."""
    sound = np.zeros(round(seconds * rate))
    at = np.arange(round(0.04 * rate)) / rate
    knock = level * np.sin(2 * np.pi * 1000 * at) * np.exp(-at / 0.008)
    for moment in moments:
        first = round(moment * rate)
        part = sound[first : first + len(knock)]
        part += knock[: len(part)]
    return sound


def beats(bpm: float, seconds: float, first: float = 0.3) -> NDArray[np.float64]:
    return np.arange(first, seconds, 60 / bpm)
