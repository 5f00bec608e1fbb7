"""Which figure of /metrics and /api/nodes is which metric: names with units, and what a person should know of each.

Base units only (seconds, bytes, ratios of 1), as Prometheus wants them. A node is its `mac`; `k1_node_info` gives a
mac its name, so that renaming a node does not begin new series.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from lightwave_hub.node import State
from lightwave_hub.prometheus.exposition import COUNTER, GAUGE, SUMMARY, Family, Kind

_US = 1e-6
_PERCENT = 0.01
_STATM = Path("/proc/self/statm")


class _Row(NamedTuple):
    """`find` gives the figure, times `scale`."""

    name: str
    kind: Kind
    help: str
    find: Callable[[dict[str, Any]], float | None]
    scale: float = 1.0
    unit: str = ""


def _at(*path: str) -> Callable[[dict[str, Any]], Any]:
    """A figure of the document, None where any step of the path is missing."""

    def find(document: dict[str, Any]) -> Any:
        value: Any = document
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return value

    return find


def _stat(name: str) -> Callable[[dict[str, Any]], Any]:
    return _at("stats", name)


_HUB = (
    _Row("k1_ticks", COUNTER, "Ticks sent.", _at("udp", "ticks")),
    _Row("k1_ticks_overrun", COUNTER, "Ticks not finished when the next was due.", _at("udp", "overruns")),
    _Row("k1_ticks_skipped", COUNTER, "Ticks never sent because their time was over.", _at("udp", "skipped")),
    _Row("k1_tick_failures", COUNTER, "Ticks that raised an exception.", _at("udp", "failures")),
    _Row("k1_tick_rate_hertz", GAUGE, "Ticks in the last second; 100 is right.", _at("udp", "tick_hz"), 1, "hertz"),
    _Row("k1_stream_sent_bytes", COUNTER, "Bytes streamed to nodes.", _at("udp", "bytes_sent"), 1, "bytes"),
    _Row("k1_stream_datagrams", COUNTER, "Datagrams streamed to nodes.", _at("udp", "datagrams")),
    _Row("k1_stream_send_errors", COUNTER, "Datagrams the system did not take.", _at("udp", "send_errors")),
    _Row("k1_control_open_connections", GAUGE, "Control connections of nodes that are open.", _at("ws", "open")),
    _Row("k1_control_connections", COUNTER, "Control connections taken.", _at("ws", "connections")),
    _Row("k1_control_refused", COUNTER, "Control connections refused.", _at("ws", "refused")),
    _Row("k1_control_messages", COUNTER, "Messages of nodes.", _at("ws", "messages")),
    _Row("k1_control_bad_messages", COUNTER, "Messages of nodes that broke the protocol.", _at("ws", "bad_messages")),
    _Row("k1_control_failures", COUNTER, "Connections ended by a fault of the hub.", _at("ws", "failures")),
    _Row("k1_time_pongs", COUNTER, "Time pings answered by UDP.", _at("time", "pongs")),
    _Row("k1_time_refused", COUNTER, "Datagrams at the time port that were no ping.", _at("time", "refused")),
    _Row("k1_spread_seconds", GAUGE, "How far apart nodes are, estimated: 99th percentile.",
         _at("sync", "spread_us", "p99"), _US, "seconds"),
    _Row("k1_clock_bound_max_seconds", GAUGE, "The worst node's own bound of its clock's error.",
         _at("sync", "bound_us_max"), _US, "seconds"),
    _Row("k1_records_kept", COUNTER, "Records of nodes stored.", _at("records", "records")),
    _Row("k1_records_repeated", COUNTER, "Records that came again.", _at("records", "repeated")),
    _Row("k1_records_failures", COUNTER, "Batches of records that could not be stored.", _at("records", "failures")),
    _Row("k1_rollout_active", GAUGE, "1 while a rollout is open.", _at("ota", "rolling_update")),
    _Row("k1_event_subscribers", GAUGE, "Pages and programs that watch.", _at("events", "subscribers")),
    _Row("k1_osc_messages", COUNTER, "OSC messages obeyed.", _at("osc", "messages")),
    _Row("k1_osc_refused", COUNTER, "OSC messages refused.", _at("osc", "refused")),
)  # fmt: skip

_NODE = (
    _Row("k1_node_locked", GAUGE, "1 while the node's clock is locked to the hub's.", _at("locked")),
    _Row("k1_node_loss_ratio", GAUGE, "Datagrams lost in the last 10 s.", _at("loss_pct"), _PERCENT, "ratio"),
    _Row("k1_node_drift_seconds", GAUGE, "The clock's latest correction.", _at("drift_us"), _US, "seconds"),
    _Row("k1_node_clock_bound_seconds", GAUGE, "How wrong its clock can be, by its own account.",
         _at("clock_bound_us"), _US, "seconds"),
    _Row("k1_node_round_trip_seconds", GAUGE, "Round trip of time pings.", _stat("rtt_us"), _US, "seconds"),
    _Row("k1_node_rssi_dbm", GAUGE, "Strength of the access point's signal.", _at("rssi"), 1, "dbm"),
    _Row("k1_node_uptime_seconds", GAUGE, "Time since its start.", _at("uptime_s"), 1, "seconds"),
    _Row("k1_node_silent_seconds", GAUGE, "Time since its last keepalive.", _at("seen_ms_ago"), 1e-3, "seconds"),
    _Row("k1_node_heap_free_bytes", GAUGE, "What is left of Python's heap.", _at("heap_free"), 1, "bytes"),
    _Row("k1_node_sessions", COUNTER, "Its connections since the hub has known it.", _at("sessions")),
    _Row("k1_node_stream_received", COUNTER, "Datagrams of the stream that arrived.", _at("ticks")),
    _Row("k1_node_send_errors", COUNTER, "Datagrams to it that the system did not take.", _at("send_errors")),
    _Row("k1_node_frames_late", COUNTER, "Frames that started after their deadline.", _stat("frames_late")),
    _Row("k1_node_edges_applied", COUNTER, "Scene and parameter changes shown.", _stat("applied")),
    _Row("k1_node_edges_late", COUNTER, "Changes that came after their time.", _stat("late")),
    _Row("k1_node_edges_duplicate", COUNTER, "Repeated changes dropped by their id.", _stat("dups")),
    _Row("k1_node_edges_dropped", COUNTER, "Changes that found no place in the queue.", _stat("dropped")),
    _Row("k1_node_edges_repaired", COUNTER, "Changes learnt from the whole state.", _stat("repaired")),
    _Row("k1_node_bad_datagrams", COUNTER, "Datagrams that were not understood.", _stat("bad_packets")),
    _Row("k1_node_bad_messages", COUNTER, "Messages of the hub that were not understood.", _stat("bad_messages")),
    _Row("k1_node_reconnects", COUNTER, "Sessions after its first.", _stat("reconnects")),
    _Row("k1_node_audio_hops", COUNTER, "Analysed pieces of sound.", _stat("hops")),
    _Row("k1_node_snapshots_torn", COUNTER, "Snapshots of sound given up as torn.", _stat("torn")),
    _Row("k1_node_tempo_bpm", GAUGE, "Tempo it hears.", _stat("bpm_x100"), 0.01),
    _Row("k1_node_tempo_confidence_ratio", GAUGE, "How sure of it it is.", _stat("confidence_pct"), _PERCENT, "ratio"),
    _Row("k1_node_records_ram_ratio", GAUGE, "How full its record store's memory is.", _stat("rec_ram_pct"), _PERCENT,
         "ratio"),
)  # fmt: skip

# Percentiles over the last seconds: name, help, and where the document has each.
_QUANTILES = (
    ("k1_tick_lateness_seconds", "Deadline of a tick to its first packet.", ("udp", "lateness_us")),
    ("k1_tick_sending_seconds", "Deadline of a tick to its last packet.", ("udp", "send_us")),
)
_NODE_QUANTILES = (
    ("k1_node_render_seconds", "Drawing a frame.", "render_us_{}"),
    ("k1_node_frame_start_seconds", "Deadline of a frame to its start.", "start_us_{}"),
    ("k1_node_audio_latency_seconds", "Sound to the snapshot of its analysis.", "audio_us_{}"),
)
_QUANTILE_KEYS = (("0.5", "p50"), ("0.99", "p99"))


def families(figures: dict[str, Any], nodes: list[dict[str, Any]], name: str, version: str) -> list[Family]:
    """All families of the figures that GET /metrics has as JSON, and of the nodes as /api/nodes describes them."""
    return [*_of_hub(figures, name, version), *_of_nodes(nodes)]


def _of_hub(figures: dict[str, Any], name: str, version: str) -> Iterable[Family]:
    info = Family("k1_hub_info", GAUGE, "Which hub this is; always 1.")
    info.add(1, name=name, version=version)
    memory = Family("process_resident_memory_bytes", GAUGE, "Memory of the hub that is in RAM.", "bytes")
    memory.add(_resident_bytes())
    states = Family("k1_nodes", GAUGE, "Nodes in each state.")
    for state in State:
        states.add(figures["nodes"].get(state.lower()), state=state.lower())
    rejects = Family("k1_control_rejects", COUNTER, "Hellos and messages rejected, by code.")
    for code, count in figures["ws"]["rejects"].items():
        rejects.add(count, code=code)
    yield from (info, memory, states, rejects)
    for row in _HUB:
        family = Family(row.name, row.kind, row.help, row.unit)
        family.add(_scaled(row, figures))
        yield family
    for quantiles, text, path in _QUANTILES:
        family = Family(quantiles, SUMMARY, text, "seconds")
        for quantile, key in _QUANTILE_KEYS:
            value = _at(*path, key)(figures)
            family.add(None if value is None else value * _US, quantile=quantile)
        yield family


def _of_nodes(nodes: list[dict[str, Any]]) -> Iterable[Family]:
    info = Family("k1_node_info", GAUGE, "Number, name and firmware of a node; always 1.")
    state = Family("k1_node_state", GAUGE, "1 for the state that the node is in.")
    rates = Family("k1_node_frame_rate_hertz", GAUGE, "Frames each strip showed in the last second.", "hertz")
    for node in nodes:
        info.add(1, mac=node["mac"], node=str(node["id"]), name=node["name"], firmware=node["fw"])
        for each in State:
            state.add(float(node["state"] == each), mac=node["mac"], state=each.lower())
        for channel, rate in zip("ab", node["render_fps"], strict=False):
            rates.add(rate, mac=node["mac"], channel=channel)
    yield from (info, state, rates)
    for row in _NODE:
        family = Family(row.name, row.kind, row.help, row.unit)
        for node in nodes:
            family.add(_scaled(row, node), mac=node["mac"])
        yield family
    for quantiles, text, key in _NODE_QUANTILES:
        family = Family(quantiles, SUMMARY, text, "seconds")
        for node in nodes:
            for quantile, percent in _QUANTILE_KEYS:
                value = node["stats"].get(key.format(percent))
                family.add(None if value is None else value * _US, mac=node["mac"], quantile=quantile)
        yield family


def _scaled(row: _Row, document: dict[str, Any]) -> float | None:
    value = row.find(document)
    return None if value is None else value * row.scale


def _resident_bytes() -> int | None:
    """None where the system does not tell."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None
