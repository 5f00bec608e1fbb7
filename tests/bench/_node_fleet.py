"""Four nodes and a hub in a show on this machine: the frames their LEDs got, and how many came late."""

import tempfile
import time
from pathlib import Path
from typing import Any

from lightwave_sim import SimError, loop
from lightwave_sim.fleet import Fleet, FleetOptions
from lightwave_sim.hub_process import HubFailed
from lightwave_sim.performance import Performance
from tests.bench._common import not_measured, percentile, stolen_s

NODES = 4
SKEW_PPM = 60.0
PINS = (5, 4)
BPM = 120.0
NS_PER_S = 1_000_000_000
NOISE_PERIOD_S = 1 / 120
LATE_US = 1000  # as the renderer counts a frame late
KEYS = ("fps", "late_pct")


def measure(board: str, leds: list[int], seconds: float) -> dict[str, Any]:
    """Begins when the nodes' frame grids have met."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            sound = Path(folder) / "sound.wav"
            loop.write_default_loop(sound)
            options = FleetOptions(
                Path(folder), nodes=NODES, board=board, audio=sound, skew_ppm=SKEW_PPM, config={"leds": leds}
            )
            with Fleet(options) as fleet:
                return _in_a_show(fleet, seconds)
    except (SimError, HubFailed, TimeoutError) as error:
        return not_measured(str(error), *KEYS)


def _in_a_show(fleet: Fleet, seconds: float) -> dict[str, Any]:
    performance = Performance(fleet)
    performance.wait_until_ready()
    performance.start(BPM)
    try:
        late_before = _counters(fleet, "frames_late")
        stolen_before = stolen_s()
        began_ns = time.monotonic_ns()
        noise = _idle_sleeper(seconds)
        ended_ns = time.monotonic_ns()
        late = [now - before for now, before in zip(_counters(fleet, "frames_late"), late_before, strict=True)]
    finally:
        performance.stop()
    fleet.check()
    stolen = None if stolen_before is None else (stolen_s() or 0.0) - stolen_before
    frames = [_frames(node.journal.records(), began_ns, ended_ns) for node in fleet.nodes]
    took_s = (ended_ns - began_ns) / NS_PER_S
    return {
        "fps": [round(sum(node[strip] for node in frames) / NODES / took_s, 2) for strip in range(len(PINS))],
        "fps_worst_node": round(min(min(node) for node in frames) / took_s, 2),
        "late_pct": round(100 * sum(late) / max(1, sum(node[0] for node in frames)), 3),
        "late_frames": late,
        "frames": sum(node[0] for node in frames),
        "render_us_p99": max(_counters(fleet, "render_us_p99")),
        **noise,
        "host_steal_pct": None if stolen is None else round(100 * stolen / took_s, 1),
        "seconds": round(took_s, 1),
    }


def _counters(fleet: Fleet, name: str) -> list[int]:
    """As of each node's last keepalive."""
    return [node["stats"][name] for node in sorted(fleet.hub.get("/api/nodes")["nodes"], key=lambda node: node["id"])]


def _frames(records: list[Any], began_ns: int, ended_ns: int) -> list[int]:
    """Frames that each strip began to send in that time."""
    return [sum(began_ns <= frame.start_ns < ended_ns for frame in records if frame.pin == pin) for pin in PINS]


def _idle_sleeper(seconds: float) -> dict[str, float]:
    """How late this machine wakes a thread that does nothing but sleep towards deadlines, meanwhile."""
    late_us = []
    deadline = time.monotonic()
    end = deadline + seconds
    while deadline < end:
        deadline += NOISE_PERIOD_S
        time.sleep(max(0.0, deadline - time.monotonic()))
        late_us.append((time.monotonic() - deadline) * 1_000_000)
        deadline = max(deadline, time.monotonic() - NOISE_PERIOD_S)
    return {
        "host_noise_us_p99": round(percentile(late_us, 99) or 0.0),
        "host_late_pct": round(100 * sum(us > LATE_US for us in late_us) / len(late_us), 3),
    }
