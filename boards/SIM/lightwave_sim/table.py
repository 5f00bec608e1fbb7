"""The live table of `k1 demo`."""

from collections.abc import Sequence
from typing import Any, TextIO

from lightwave_sim.fleet import Fleet
from lightwave_sim.performance import Performance
from lightwave_sim.process import SimNode
from lightwave_sim.spread import every_frame, measure, percentile

HEAD = f"{'id':>3}  {'mac':17}  {'state':9}{'locked':>6}{'lock s':>8}{'fps A':>7}{'fps B':>7}"
HEAD += f"{'loss %':>8}{'clock us':>10}{'start us':>10}{'late':>6}  serial port"
CURSOR_UP = "\x1b[{}F"
CLEAR_TO_END = "\x1b[0J"
RECENT_CHANGES = 20  # the spread shown is of these; the report has them all
RECENT_NS = 5_000_000_000  # and of the frames of so long


class Screen:
    """Draws over what it drew last on a terminal; elsewhere it prints one block below the other."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._height = 0

    def show(self, rows: Sequence[str], summary: str) -> None:
        lines = [HEAD, *rows, *summary.splitlines()]
        if self._height and self._stream.isatty():
            self._stream.write(CURSOR_UP.format(self._height) + CLEAR_TO_END)
        self._stream.write("\n".join(lines) + "\n")
        self._stream.flush()
        self._height = len(lines)


def rows(nodes: Sequence[dict[str, Any]], sims: Sequence[SimNode]) -> list[str]:
    ports = {sim.options.mac: sim.serial_path for sim in sims}
    return [_row(node, ports.get(node["mac"], "")) for node in nodes]


def _row(node: dict[str, Any], port: str) -> str:
    fps = [f"{rate:.1f}" for rate in node["render_fps"]] + ["", ""]
    lock_s = "" if node["lock_ms"] is None else f"{node['lock_ms'] / 1000:.2f}"
    return (
        f"{node['id']:>3}  {node['mac']:17}  {node['state']:9}{'yes' if node['locked'] else 'no':>6}{lock_s:>8}"
        f"{fps[0]:>7}{fps[1]:>7}{node['loss_pct']:>8.1f}{_error(node):>10}{_start_us(node):>10}"
        f"{node['stats'].get('late', 0):>6}  {port}"
    )


def _error(node: dict[str, Any]) -> str:
    """How wrong the node's idea of hub time can be, by its own account."""
    bound_us = node["clock_bound_us"]
    return f"±{bound_us}" if node["locked"] and bound_us is not None else "-"


def _start_us(node: dict[str, Any]) -> str:
    """How late its frames start, by its own clock: the 99th percentile of the last seconds."""
    return str(node["stats"].get("start_us_p99", "-"))


def summary(fleet: Fleet, performance: Performance) -> str:
    changes = performance.changes[-RECENT_CHANGES:]
    if len(changes) < 2:
        return "waiting for the first scene changes"
    # The newest change may still be on its way: it only ends the window of the one before.
    strips, until_ns = fleet.strip_a(), changes[-1].asked_ns
    spread = measure(changes[:-1], strips, until_ns).spread_us
    if not spread:
        return f"{len(performance.changes)} scene changes"
    lines = [
        f"{len(performance.changes)} scene changes; of the last {len(spread)}, spread between the nodes' LEDs: "
        f"p50 {percentile(spread, 50):.0f} us, worst {max(spread):.0f} us"
    ]
    frames = [frame.spread_us for frame in every_frame(strips, until_ns - RECENT_NS, until_ns).frames]
    if frames:
        lines.append(
            f"the last {len(frames)} frames: p50 {percentile(frames, 50):.0f} us, p99 {percentile(frames, 99):.0f} us"
        )
    return "\n".join(lines)
