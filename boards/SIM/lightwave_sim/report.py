"""What a fleet did, as one JSON document: the contract of `k1 demo --report`."""

from typing import Any

from lightwave_sim.fleet import Fleet
from lightwave_sim.performance import Performance
from lightwave_sim.spread import every_frame, measure, percentile

US_PER_MS = 1000
MS_PER_S = 1000


def build(fleet: Fleet, performance: Performance) -> dict[str, Any]:
    """Asks the hub and reads the journals; call it while the hub still runs."""
    nodes = fleet.hub.get("/api/nodes")["nodes"]
    metrics = fleet.hub.get("/metrics")
    strips = fleet.strip_a()
    spread = measure(performance.changes, strips, performance.ended_ns)
    frames = every_frame(strips, performance.began_ns, performance.ended_ns)
    return {
        "nodes": [_node(node) for node in nodes],
        "scene_changes": len(spread.spread_us),
        "scene_changes_missed": spread.missed,
        "spread_us": _summary(spread.spread_us),
        "frame_spread_us": {
            **_summary([frame.spread_us for frame in frames.frames]),
            "frames": len(frames.frames),
            "missed": frames.missed,
        },
        "estimate": metrics["sync"],
        "tick": {
            "hz": metrics["udp"]["tick_hz"],
            "overruns": metrics["udp"]["overruns"],
            "lateness_us": metrics["udp"]["lateness_us"],
        },
        "audio": {
            "hops": metrics["audio"]["hops"],
            "latency_ms": {
                name: None if value is None else value / US_PER_MS
                for name, value in metrics["audio"]["latency_us"].items()
            },
            "snapshot_torn": metrics["audio"]["snapshot_torn"],
        },
    }


def _summary(values: list[float]) -> dict[str, float | None]:
    return {"p50": percentile(values, 50), "p99": percentile(values, 99), "max": max(values, default=None)}


def _node(node: dict[str, Any]) -> dict[str, Any]:
    stats = node["stats"]
    return {
        "id": node["id"],
        "mac": node["mac"],
        "state": node["state"],
        "locked": node["locked"],
        "lock_s": None if node["lock_ms"] is None else node["lock_ms"] / MS_PER_S,
        "fps": node["render_fps"],
        "loss_pct": node["loss_pct"],
        "late": stats.get("late"),
        "applied": stats.get("applied"),
        "drift_us": node["drift_us"],
        "clock": node["clock"],
        "clock_bound_us": node["clock_bound_us"],
        "start_us": {name: stats.get(f"start_us_{name}") for name in ("p50", "p99")},
        "heap_free": node["heap_free"],
        "stats": stats,
    }
