"""What GET /metrics says: the keys of the specification's section 19, and more beside them."""

import dataclasses
from typing import Any

from lightwave.timesync import CLOCK_STATES
from lightwave_hub import spread
from lightwave_hub.control_ws import ControlPlane
from lightwave_hub.fanout import FanOut
from lightwave_hub.node import STREAMING, Node, State
from lightwave_hub.records.keeper import Keeper
from lightwave_hub.registry import NodeTable
from lightwave_hub.show_clock import ShowClock
from lightwave_hub.time_server import TimeServer


def collect(
    table: NodeTable, fanout: FanOut, control: ControlPlane, time_server: TimeServer, keeper: Keeper, clock: ShowClock
) -> dict[str, Any]:
    nodes = table.nodes()
    return {
        "nodes": _nodes(table),
        "udp": _udp(fanout, clock),
        "sync": {**spread.estimate(nodes), **_clocks(nodes)},
        "time": {"port": time_server.port, **dataclasses.asdict(time_server.stats)},
        "records": _records(nodes, keeper),
        "ws": _ws(control),
        "audio": _audio(nodes),
        "frames": {"late": _total(nodes, "frames_late")},
        "edges": {
            "applied": _total(nodes, "applied"),
            "late": _total(nodes, "late"),
            "duplicates": _total(nodes, "dups"),
            "dropped": _total(nodes, "dropped"),
            "repaired": _total(nodes, "repaired"),
            "bad_packets": _total(nodes, "bad_packets"),
        },
    }


def _nodes(table: NodeTable) -> dict[str, int]:
    count = table.count()
    return {
        "total": len(table),
        "ready": count[State.READY],
        "degraded": count[State.DEGRADED],
        "lost": count[State.LOST],
        "pending": count[State.PENDING],
        "authed": count[State.AUTHED],
        "losses": table.losses,
        "fallbacks": int(_total(table.nodes(), "fallbacks")),
    }


def _clocks(nodes: list[Node]) -> dict[str, Any]:
    """How many streaming nodes say what of their clock, which of them ask for the time by UDP, and the widest bound."""
    streaming = [node.health for node in nodes if node.state in STREAMING]
    bounds = [health.clock_bound_us for health in streaming if health.locked and health.clock_bound_us is not None]
    return {
        "clocks": {state: sum(health.clock == state for health in streaming) for state in CLOCK_STATES},
        "by_udp": sum(bool(health.stats.get("ts_udp")) for health in streaming),
        "unlocks": _total(nodes, "unlocks"),
        "bound_us_max": max(bounds, default=None),
    }


def _udp(fanout: FanOut, clock: ShowClock) -> dict[str, Any]:
    stats = fanout.stats
    p50, p99 = stats.lateness_us(50, 99)
    send_p50, send_p99 = stats.send_us(50, 99)
    return {
        "tick_hz": stats.hz(clock.now_us()),
        "overruns": stats.overruns,
        "bytes_sent": stats.bytes_sent,
        "ticks": stats.ticks,
        "skipped": stats.skipped,
        "failures": stats.failures,
        "datagrams": stats.datagrams,
        "send_errors": stats.send_errors,
        "scheduling": fanout.scheduling,
        "lateness_us": {"p50": p50, "p99": p99},
        "send_us": {"p50": send_p50, "p99": send_p99},
    }


def _ws(control: ControlPlane) -> dict[str, Any]:
    stats = control.stats
    return {
        "open": control.open_connections,
        "connections": stats.connections,
        "refused": stats.refused,
        "messages": stats.messages,
        "pongs": stats.pongs,
        "bad_messages": stats.bad_messages,
        "rejects": dict(stats.rejects),
        "slowed": stats.slowed,
        "failures": stats.failures,
    }


def _audio(nodes: list[Node]) -> dict[str, Any]:
    """The worst node's latency: a show is as late as its latest strip."""
    return {
        "hops": _total(nodes, "hops"),
        "latency_us": {"p50": _worst(nodes, "audio_us_p50"), "p99": _worst(nodes, "audio_us_p99")},
        "snapshot_torn": _total(nodes, "torn"),
    }


def _records(nodes: list[Node], keeper: Keeper) -> dict[str, Any]:
    """What the hub keeps, and the figures of the nodes' stores: the fullest, and the sums."""
    return {
        **dataclasses.asdict(keeper.stats),
        "nodes": {
            "ram_usage_percent": _worst(nodes, "rec_ram_pct"),
            "flush_count_per_hour": _total(nodes, "rec_flushes_h"),
            "disk_storage_mb": round(_total(nodes, "rec_disk_kb") / 1024, 3),
            "recovery_events": _total(nodes, "rec_recoveries"),
            "error_rate": _worst(nodes, "rec_error_rate"),
        },
    }


def _total(nodes: list[Node], key: str) -> float:
    return sum(node.health.stats.get(key, 0) for node in nodes)


def _worst(nodes: list[Node], key: str) -> float | None:
    return max((node.health.stats[key] for node in nodes if key in node.health.stats), default=None)
