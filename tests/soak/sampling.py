"""What is written down every few seconds, of the hub, of each node, and of what the LEDs showed."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lightwave_sim.fleet import STRIP_A_PIN, Fleet
from lightwave_sim.journal import Frame, Journal
from lightwave_sim.process import SimNode
from lightwave_sim.spread import every_frame, percentile

_KB_PER_MB = 1024
_WINDOW_NS = 2_000_000_000  # of frames that are compared

# Columns of the CSV: of the hub, and of each node behind its number.
HUB_COLUMNS = (
    "at_s", "hub_life", "hub_rss_mb", "tick_hz", "tick_late_us_p50", "tick_late_us_p99", "ticks", "skipped_ticks",
    "records", "record_failures", "spread_us_p50", "spread_us_p99",
)  # fmt: skip
NODE_COLUMNS = (
    "state", "locked", "fps_a", "fps_b", "loss_pct", "drift_us", "clock_bound_us", "start_us_p99", "frames_late",
    "edges_late", "torn", "heap_free", "rss_mb",
)  # fmt: skip


@dataclass
class Sample:
    """`life` counts the hub's starts. `settled` names the nodes that no restart has touched for a while."""

    at_s: float
    life: int
    hub: dict[str, float | None]
    nodes: list[dict[str, Any]]
    settled: list[bool] = field(default_factory=list)

    def row(self) -> list[object]:
        first = {"at_s": round(self.at_s, 2), "hub_life": self.life, **self.hub}
        return [first[name] for name in HUB_COLUMNS] + [node.get(name) for node in self.nodes for name in NODE_COLUMNS]


def head(nodes: int) -> list[str]:
    return [*HUB_COLUMNS, *(f"node{number}_{name}" for number in range(1, nodes + 1) for name in NODE_COLUMNS)]


def take(fleet: Fleet, at_s: float, life: int) -> Sample:
    """Ask the hub and the system, and read (and empty) the journals."""
    metrics, known = fleet.hub.get("/metrics"), fleet.hub.get("/api/nodes")["nodes"]
    spreads = _spreads_us([_fresh_frames(node) for node in fleet.nodes])
    udp, records = metrics["udp"], metrics["records"]
    hub = {
        "hub_rss_mb": rss_mb(fleet.hub.pid),
        "tick_hz": udp["tick_hz"],
        "tick_late_us_p50": udp["lateness_us"]["p50"],
        "tick_late_us_p99": udp["lateness_us"]["p99"],
        "ticks": udp["ticks"],
        "skipped_ticks": udp["skipped"],
        "records": records["records"],
        "record_failures": records["failures"],
        "spread_us_p50": percentile(spreads, 50),
        "spread_us_p99": percentile(spreads, 99),
    }
    by_mac = {node["mac"]: node for node in known}
    return Sample(at_s, life, hub, [_node(by_mac.get(node.options.mac, {}), node) for node in fleet.nodes])


def rss_mb(pid: int) -> float:
    """Memory of a process that is in RAM."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / _KB_PER_MB, 3)
    raise OSError(f"/proc/{pid}/status has no VmRSS")


def _node(said: dict[str, Any], node: SimNode) -> dict[str, Any]:
    stats = said.get("stats", {})
    fps = [*said.get("render_fps", []), None, None]
    return {
        "state": said.get("state", "GONE"),
        "locked": int(bool(said.get("locked"))),
        "fps_a": fps[0],
        "fps_b": fps[1],
        "frames_late": stats.get("frames_late"),
        "edges_late": stats.get("late"),
        "start_us_p99": stats.get("start_us_p99"),
        "torn": stats.get("torn"),
        "rss_mb": rss_mb(node.pid) if node.running else None,
        **{name: said.get(name) for name in ("loss_pct", "drift_us", "clock_bound_us", "heap_free")},
    }


def _fresh_frames(node: SimNode) -> list[Frame]:
    """What strip A has shown since the last time. The file is emptied: hours of it would fill a disk."""
    path = node.options.directory / "journal.bin"
    frames = [frame for frame in Journal(path).records() if frame.pin == STRIP_A_PIN]
    os.truncate(path, 0)
    return frames


def _spreads_us(strips: list[list[Frame]]) -> list[float]:
    now_ns = time.monotonic_ns()
    return [frame.spread_us for frame in every_frame(strips, now_ns - _WINDOW_NS, now_ns).frames]
