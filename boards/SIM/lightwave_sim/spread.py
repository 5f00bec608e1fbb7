"""How far apart the nodes are: judged from what their decoded LED pulses show, nothing else.

Every frame tells how far apart the nodes start it (`every_frame`), a scene change how far apart they switch
(`measure`). A scene change is recognised by its colour: `solid` in one of six hues whose red, green and blue are each
fully on or off, so that the first frame of the new scene is the first frame in which the strip has the new combination.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

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
    """When each change that every strip showed was asked for, and its spread (us); how many some strip missed."""

    shown: list[tuple[int, float]]
    missed: int

    @property
    def spread_us(self) -> list[float]:
        return [spread_us for _, spread_us in self.shown]


def measure(changes: Sequence[SceneChange], strips: Sequence[Sequence[Frame]], end_ns: int) -> SpreadReport:
    """`strips` holds one strip of each node: its frames in the order of their latch."""
    shown: list[tuple[int, float]] = []
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
            shown.append((change.asked_ns, (max(latches) - min(latches)) / NS_PER_US))
        else:
            missed += 1
    return SpreadReport(shown, missed)


@dataclass(frozen=True)
class FrameSpread:
    """One frame of the shared grid: when the first node started it, and how much later each of them did (us)."""

    at_ns: int
    behind_us: tuple[float, ...]

    @property
    def spread_us(self) -> float:
        return max(self.behind_us)


@dataclass
class FrameReport:
    """All frames that every node showed, and how many of the first node's frames some other node did not."""

    frames: list[FrameSpread]
    missed: int


def every_frame(strips: Sequence[Sequence[Frame]], since_ns: int, until_ns: int) -> FrameReport:
    """Frames belong together that start within half a frame of the first node's; `strips` as for `measure`."""
    starts = [[frame.start_ns for frame in frames if since_ns <= frame.start_ns < until_ns] for frames in strips]
    report = FrameReport([], 0)
    if len(starts) < 2 or min(map(len, starts)) < 3:
        return report
    half_ns = median(later - earlier for earlier, later in pairwise(starts[0])) / 2
    for at_ns in starts[0][1:-1]:  # the outermost may have their counterparts outside of the time asked for
        together = [at_ns, *(_nearest(others, at_ns) for others in starts[1:])]
        first_ns = min(together)
        if max(together) - first_ns < half_ns:
            behind = tuple((start_ns - first_ns) / NS_PER_US for start_ns in together)
            report.frames.append(FrameSpread(first_ns, behind))
        else:
            report.missed += 1
    return report


def _nearest(ordered: Sequence[int], value: int) -> int:
    place = bisect_left(ordered, value)
    return min(ordered[max(0, place - 1) : place + 1], key=lambda candidate: abs(candidate - value))


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
