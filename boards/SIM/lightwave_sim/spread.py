"""How far apart the nodes switch: judged from what their decoded LED pulses show, nothing else.

A scene change is recognised by its colour: `solid` in one of six hues whose red, green and blue are each fully on or
off, so that the first frame of the new scene is the first frame in which the strip has the new combination.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lightwave_sim.journal import Frame

# Hue settings of the `solid` effect and which of red, green and blue each lights.
HUES = {0: "r", 43: "rg", 85: "g", 128: "gb", 170: "b", 213: "rb"}
NS_PER_US = 1000
FRAME_NS = 1_000_000_000 // 60
SETTLE_NS = 200_000_000  # a change asked for this shortly before the end had no time to be shown


@dataclass(frozen=True)
class SceneChange:
    """A change to `hue`, asked for at `asked_ns` (monotonic)."""

    asked_ns: int
    hue: int


def colour_of(frame: Frame) -> str:
    """The colours the whole strip agrees on being lit: "" when dark, mixed or malformed."""
    if frame.malformed or not frame.wire:
        return ""
    green, red, blue = frame.wire[0::3], frame.wire[1::3], frame.wire[2::3]
    threshold = max(frame.wire) // 2
    lit = ""
    for name, values in (("r", red), ("g", green), ("b", blue)):
        if min(values) > threshold:
            lit += name
        elif max(values) > threshold:
            return ""
    return lit


def first_latch_ns(frames: Sequence[Frame], start: int, hue: int, until_ns: int) -> int | None:
    """When the strip first showed the hue, looking from frame `start` on; None if it did not before `until_ns`."""
    wanted = HUES[hue]
    for index in range(start, len(frames)):
        frame = frames[index]
        if frame.latch_ns >= until_ns:
            return None
        if colour_of(frame) == wanted:
            return frame.latch_ns
    return None


@dataclass
class SpreadReport:
    """Spread of each change that every strip showed (us), and the changes that some strip missed."""

    spread_us: list[float]
    missed: int


def measure(changes: Sequence[SceneChange], strips: Sequence[Sequence[Frame]], end_ns: int) -> SpreadReport:
    """`strips` holds one strip of each node: its frames in the order of their latch."""
    spreads: list[float] = []
    missed = 0
    cursors = [0] * len(strips)
    for number, change in enumerate(changes):
        if change.asked_ns > end_ns - SETTLE_NS:
            break
        until_ns = changes[number + 1].asked_ns if number + 1 < len(changes) else end_ns
        latches = []
        for index, frames in enumerate(strips):
            while cursors[index] < len(frames) and frames[cursors[index]].latch_ns < change.asked_ns:
                cursors[index] += 1
            latch = first_latch_ns(frames, cursors[index], change.hue, until_ns)
            if latch is not None:
                latches.append(latch)
        if len(latches) == len(strips):
            spreads.append((max(latches) - min(latches)) / NS_PER_US)
        else:
            missed += 1
    return SpreadReport(spreads, missed)


def on_one_grid(strips: Sequence[Sequence[Frame]], frame_ns: int = FRAME_NS) -> bool:
    """Whether the newest frames of all strips start within a fifth of a frame of one another, modulo the frame."""
    if not all(strips):
        return False
    starts = sorted(strip[-1].start_ns % frame_ns for strip in strips)
    # Phases lie on a circle: they are together where one gap between neighbours spans all the rest of it.
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    return max([*gaps, frame_ns - starts[-1] + starts[0]]) > frame_ns * 4 // 5


def percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share / 100 * len(ordered)))]
