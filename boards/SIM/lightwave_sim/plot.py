"""The spread of a run over time as a picture: of every frame, and of every scene change."""

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from lightwave_sim.fleet import Fleet
from lightwave_sim.performance import Performance
from lightwave_sim.spread import FrameSpread, every_frame, measure, percentile

WINDOW_S = 0.5
LIMIT_US = 500  # what the project holds itself to on a good channel
NS_PER_S = 1_000_000_000


def draw(fleet: Fleet, performance: Performance, path: Path) -> None:
    """Write a PNG; without matplotlib (it is no dependency of the hub) say so instead."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print(f"k1 demo: no {path.name}: matplotlib is not installed", file=sys.stderr)
        return
    strips, began_ns = fleet.strip_a(), performance.began_ns
    parts = windows(every_frame(strips, began_ns, performance.ended_ns).frames, began_ns)
    changes = [
        ((asked_ns - began_ns) / NS_PER_S, spread_us)
        for asked_ns, spread_us in measure(performance.changes, strips, performance.ended_ns).shown
    ]
    figure = Figure(figsize=(12, 7), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    _draw_spread(above, parts, changes)
    _draw_nodes(below, parts, [node.options.mac for node in fleet.nodes])
    figure.savefig(path, dpi=110)


def windows(frames: Sequence[FrameSpread], began_ns: int) -> list[tuple[float, list[FrameSpread]]]:
    """The frames of each half second, and its middle in seconds."""
    found: dict[int, list[FrameSpread]] = {}
    for frame in frames:
        found.setdefault(int((frame.at_ns - began_ns) / NS_PER_S / WINDOW_S), []).append(frame)
    return [((number + 0.5) * WINDOW_S, found[number]) for number in sorted(found)]


def _draw_spread(axes: Any, parts: list[tuple[float, list[FrameSpread]]], changes: list[tuple[float, float]]) -> None:
    at_s = [middle for middle, _ in parts]
    for share, colour in ((50, "tab:blue"), (99, "tab:orange")):
        values = [percentile([frame.spread_us for frame in part], share) for _, part in parts]
        axes.plot(at_s, values, color=colour, label=f"every frame, p{share} of each half second")
    axes.plot([at for at, _ in changes], [spread for _, spread in changes], ".", color="black", label="scene changes")
    axes.axhline(LIMIT_US, color="tab:red", linestyle=":", label=f"{LIMIT_US} us")
    axes.set_yscale("symlog", linthresh=10)
    axes.set_ylim(bottom=0)
    axes.set(title="How far apart the nodes are, at their LEDs", ylabel="first to last node, us")
    axes.legend(loc="lower right", fontsize="small")
    axes.grid(alpha=0.3)


def _draw_nodes(axes: Any, parts: list[tuple[float, list[FrameSpread]]], names: list[str]) -> None:
    at_s = [middle for middle, _ in parts]
    for node, name in enumerate(names):
        behind = [median(frame.behind_us[node] - median(frame.behind_us) for frame in part) for _, part in parts]
        axes.plot(at_s, behind, label=name)
    axes.set(xlabel="seconds", ylabel="frame start behind the fleet's median, us")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, fontsize="small")
    axes.grid(alpha=0.3)
