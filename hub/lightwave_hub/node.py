"""One node as the hub knows it, and the rules that judge its health (PROTOCOL.md, "Session"). No clock, no I/O."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lightwave import constants

MISSED_KEEPALIVE_US = 1_500_000
TIMEOUT_US = constants.KEEPALIVE_TIMEOUT_MS * 1000
FORGET_US = 10_000_000
MAX_LOSS_PCT = 2.0
# Keepalives come early when a node's state changes, so two can be closer than one tick: silence needs time to show.
SILENCE_US = constants.UDP_SILENCE_DEGRADED_MS * 1000


class State(StrEnum):
    PENDING = "PENDING"  # said hello
    AUTHED = "AUTHED"  # was welcomed; acquires time
    READY = "READY"  # locked, and the stream arrives
    DEGRADED = "DEGRADED"  # plays on, with `reasons`
    LOST = "LOST"  # gone; remembered for FORGET_US


STREAMING = frozenset({State.AUTHED, State.READY, State.DEGRADED})


@dataclass(slots=True)
class Health:
    """What the newest keepalive said; `ticks_grew_us` is the hub time at which `ticks` was last seen to grow."""

    rssi: int = 0
    loss_pct: float = 0.0
    drift_us: int = 0
    uptime_s: int = 0
    state: str = "syncing"
    locked: bool = False
    ticks: int = 0
    ticks_grew_us: int = 0
    render_fps: tuple[float, ...] = ()
    heap_free: int | None = None
    clock: str = ""  # "acquiring", "locked", "holdover" or "unlocked"; "" when it does not tell
    clock_reason: str = ""  # why it is not locked
    clock_bound_us: int | None = None  # how wrong its idea of hub time can be, either way
    stats: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Node:
    """A node of the table. `node_id` and `mac` last; the rest belongs to the present session."""

    node_id: int
    mac: str
    ip: str = ""
    fw: str = ""
    caps: dict[str, Any] = field(default_factory=dict)
    topo: dict[str, Any] = field(default_factory=dict)
    token: str = field(default="", repr=False)
    token_hash: int = field(default=0, repr=False)
    state: State = State.PENDING
    reasons: tuple[str, ...] = ()
    sessions: int = 0  # connections since the hub has known it
    joined_us: int = 0  # hello of this session
    welcomed_us: int = 0
    last_seen_us: int = 0  # keepalive, or welcome before the first
    lost_us: int = 0
    lock_ms: int | None = None  # welcome to the first keepalive that said locked
    ready_once: bool = False
    health: Health = field(default_factory=Health)
    effects: tuple[str, ...] = ()
    palettes: tuple[str, ...] = ()
    ota: dict[str, Any] = field(default_factory=dict)

    def hear_keepalive(self, message: dict[str, Any], now_us: int) -> None:
        """Take over a checked `ka` message."""
        grew = message["ticks"] > self.health.ticks
        stats = dict(message.get("stats") or {})
        self.health = Health(
            rssi=message["rssi"],
            loss_pct=float(message["loss_pct"]),
            drift_us=message["drift_us"],
            uptime_s=message["uptime_s"],
            state=message["state"],
            locked=message["locked"],
            ticks=message["ticks"],
            ticks_grew_us=now_us if grew else self.health.ticks_grew_us,
            render_fps=tuple(message.get("render_fps") or ()),
            heap_free=message.get("heap_free"),
            clock=message.get("clock", ""),
            clock_reason=message.get("clock_reason", ""),
            clock_bound_us=message.get("clock_bound_us"),
            stats=stats,
        )
        self.last_seen_us = now_us
        if self.health.locked and self.lock_ms is None:
            self.lock_ms = (now_us - self.welcomed_us) // 1000

    def judge(self, now_us: int) -> tuple[State, tuple[str, ...]]:
        """The state a welcomed node deserves now, and why it is no better."""
        silent_us = now_us - self.last_seen_us
        if silent_us >= TIMEOUT_US:
            return State.LOST, (f"no keepalive for {constants.KEEPALIVE_TIMEOUT_MS} ms",)
        faults = self._faults(silent_us)
        waits = self._waits(now_us)
        if not faults and not waits:
            return State.READY, ()
        # A node that has never been ready is still arriving; one that was has got worse.
        if not faults and not self.ready_once:
            return State.AUTHED, waits
        return State.DEGRADED, faults + waits

    def _faults(self, silent_us: int) -> tuple[str, ...]:
        health = self.health
        faults = []
        if silent_us > MISSED_KEEPALIVE_US:
            faults.append("keepalive missed")
        if health.drift_us > constants.DRIFT_DEGRADED_US:
            faults.append(f"drift above {constants.DRIFT_DEGRADED_US} us")
        if health.loss_pct > MAX_LOSS_PCT:
            faults.append(f"loss above {MAX_LOSS_PCT:g} %")
        if health.state in ("fallback", "updating"):
            faults.append(f"node says {health.state}")
        return tuple(faults)

    def _waits(self, now_us: int) -> tuple[str, ...]:
        health = self.health
        waits = []
        if not health.locked:
            waits.append("no time lock")
        # Judged at the newest keepalive: between two, nobody can know whether packets arrive.
        silence_us = self.last_seen_us - max(health.ticks_grew_us, self.welcomed_us)
        if health.ticks == 0 or silence_us > SILENCE_US:
            waits.append("stream does not arrive")
        return tuple(waits)
