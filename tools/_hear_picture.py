"""What the analysis made of a sound, as a picture: spectrum, chroma, loudness, novelty with beats, tempo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

matplotlib.use("Agg")

PITCHES = ("A", "A#", "B", "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#")
INCHES_PER_S, NARROWEST, WIDEST, HEIGHT = 0.45, 12.0, 60.0, 12.0
SLOWEST, FASTEST = 50, 180
QUIETEST_DB = -66
GREY, RED, BLUE, GREEN = "#777777", "#d1495b", "#00798c", "#66a182"
CONFIDENT = 6554  # from a tenth of certainty a tempo is trusted


def draw(snapshots: NDArray[Any], frequencies: NDArray[Any], hop_s: float, title: str, target: Path) -> None:
    """OSError or ValueError where target cannot be written or has an ending that is no picture's."""
    seconds = len(snapshots) * hop_s
    at = np.arange(1, len(snapshots) + 1, dtype=np.float64) * hop_s
    width = min(max(NARROWEST, INCHES_PER_S * seconds), WIDEST)
    figure = Figure(figsize=(width, HEIGHT), layout="constrained")
    panels = figure.subplots(5, 1, sharex=True, height_ratios=(3.2, 1.6, 1.2, 1.6, 1.6))
    figure.suptitle(f"{title}: {verdict(snapshots)}", x=0.01, ha="left", fontsize=13)
    beats = beat_times(snapshots, hop_s)
    draw_spectrum(panels[0], snapshots, frequencies, seconds, beats)
    draw_chroma(panels[1], snapshots, seconds)
    draw_loudness(panels[2], snapshots, at)
    draw_novelty(panels[3], snapshots, at, beats)
    draw_tempo(panels[4], snapshots, at)
    panels[-1].set_xlim(0, seconds)
    panels[-1].set_xlabel("seconds")
    figure.savefig(target, dpi=100)


def verdict(snapshots: NDArray[Any]) -> str:
    """The middle of all tempos that were trusted, and how sure the end is of it."""
    found = snapshots["bpm_x100"][snapshots["confidence"] >= CONFIDENT]
    if len(found) == 0:
        return "no tempo found"
    sure = 100 * int(snapshots["confidence"][-1]) // 65535
    return f"{np.median(found) / 100:.1f} BPM, {int(snapshots['beat'][-1])} beats, {sure} % sure at the end"


def beat_times(snapshots: NDArray[Any], hop_s: float) -> NDArray[np.float64]:
    """When the phase passed 0, between two hops, wherever the tempo was to be trusted."""
    hops = np.flatnonzero(np.diff(snapshots["beat"].astype(np.int64)) > 0) + 1
    hops = hops[snapshots["confidence"][hops] >= CONFIDENT]
    per_hop = np.maximum(1.0, snapshots["bpm_x100"][hops] / 6000 * hop_s * 65536)
    return np.asarray((hops + 1 - snapshots["phase"][hops] / per_hop) * hop_s)


def draw_spectrum(
    axes: Axes, snapshots: NDArray[Any], frequencies: NDArray[Any], seconds: float, beats: NDArray[np.float64]
) -> None:
    bins = len(frequencies)
    lit = np.sqrt(snapshots["spectrum"].T / 65535.0)  # as bright as an eye sees it
    axes.imshow(lit, aspect="auto", origin="lower", extent=(0, seconds, 0, bins), cmap="magma", interpolation="nearest")
    axes.plot(beats, np.full(len(beats), bins - 1.2), "v", color="white", markersize=5)
    axes.set_yticks([octave + 0.5 for octave in range(0, bins, 12)], [f"{hz:.0f}" for hz in frequencies[::12]])
    axes.set_ylabel("spectrum, Hz\n(marks: beats)")


def draw_chroma(axes: Axes, snapshots: NDArray[Any], seconds: float) -> None:
    lit = snapshots["chroma"].T / 65535.0
    axes.imshow(lit, aspect="auto", origin="lower", extent=(0, seconds, 0, 12), cmap="magma", interpolation="nearest")
    axes.set_yticks(np.arange(12) + 0.5, PITCHES, fontsize=7)
    axes.set_ylabel("chroma")


def draw_loudness(axes: Axes, snapshots: NDArray[Any], at: NDArray[Any]) -> None:
    peak, rms = (decibels(snapshots[field]) for field in ("vu_peak", "vu_rms"))
    axes.fill_between(at, peak, QUIETEST_DB, color=GREY, alpha=0.35, linewidth=0, label="peak")
    axes.fill_between(at, rms, QUIETEST_DB, color=GREEN, linewidth=0, label="RMS")
    silent = (snapshots["flags"] & 2 > 0).tolist()
    axes.fill_between(at, 0, QUIETEST_DB, where=silent, color=BLUE, alpha=0.15, linewidth=0, label="silence")
    axes.set_ylim(QUIETEST_DB, 0)
    axes.set_ylabel("VU, dB")
    put_legend(axes)


def decibels(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(20 * np.log10(np.maximum(values, 1) / 65535))


def draw_novelty(axes: Axes, snapshots: NDArray[Any], at: NDArray[Any], beats: NDArray[np.float64]) -> None:
    axes.vlines(beats, 0, 1.12, color=RED, linewidth=0.8, alpha=0.35)
    axes.vlines(beats, 1.01, 1.12, color=RED, linewidth=2, label="beats")
    axes.fill_between(at, snapshots["novelty"] / 65535, color=BLUE, linewidth=0, label="novelty")
    onsets = at[1:][np.diff(snapshots["onsets"].astype(np.int64)) != 0]
    axes.plot(onsets, np.full(len(onsets), -0.06), "|", color="black", markersize=6, label="onsets")
    axes.set_ylim(-0.12, 1.15)
    axes.set_ylabel("novelty")
    put_legend(axes)


def put_legend(axes: Axes) -> None:
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, fontsize=8, frameon=False, borderaxespad=0.1)


def draw_tempo(axes: Axes, snapshots: NDArray[Any], at: NDArray[Any]) -> None:
    bpm = np.where(snapshots["bpm_x100"] > 0, snapshots["bpm_x100"] / 100, np.nan)
    axes.plot(at, bpm, color=RED, linewidth=1.5)
    axes.set_ylim(SLOWEST - 5, FASTEST + 5)
    axes.set_ylabel("BPM", color=RED)
    axes.grid(alpha=0.3)
    sure = axes.twinx()
    sure.fill_between(at, snapshots["confidence"] / 655.35, color=GREY, alpha=0.25, linewidth=0)
    sure.set_ylim(0, 105)
    sure.set_ylabel("confidence, %", color=GREY)
