"""What a fleet did, as one JSON document: the contract of `k1 demo --report`."""

from typing import Any

from lightwave_sim.fleet import Fleet
from lightwave_sim.performance import Performance
from lightwave_sim.spread import measure, percentile

US_PER_MS = 1000
MS_PER_S = 1000


def build(fleet: Fleet, performance: Performance) -> dict[str, Any]:
    """Asks the hub and reads the journals; call it while the hub still runs."""
    nodes = fleet.hub.get("/api/nodes")["nodes"]
    metrics = fleet.hub.get("/metrics")
    spread = measure(performance.changes, fleet.strip_a(), performance.ended_ns)
    return {
        "nodes": [_node(node) for node in nodes],
        "scene_changes": len(spread.spread_us),
        "scene_changes_missed": spread.missed,
        "spread_us": {
            "p50": percentile(spread.spread_us, 50),
            "p99": percentile(spread.spread_us, 99),
            "max": max(spread.spread_us, default=None),
        },
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
        "heap_free": node["heap_free"],
        "stats": stats,
    }
