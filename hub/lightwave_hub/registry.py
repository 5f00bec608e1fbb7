"""The table of nodes: who is here, in which state, and who wants to know when that changes.

No sockets, no tasks, and the clock is a parameter: every rule is testable without waiting. Only the event loop's thread
may call it.
"""

import logging
import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from lightwave import packets
from lightwave_hub.errors import TableFullError
from lightwave_hub.log import event, nodes_log
from lightwave_hub.node import FORGET_US, MISSED_KEEPALIVE_US, STREAMING, Node, State

MAX_NODE_ID = 65535
TOKEN_BYTES = 16  # 32 hex digits on the wire


class Change(NamedTuple):
    """A node went from state `old` to `new`; `new` is None when it was forgotten."""

    node: Node
    old: State | None
    new: State | None


class NodeTable:
    """Nodes by id and by MAC. Every change of state goes through `_move`, so no listener can miss one."""

    def __init__(self, limit: int, now_us: Callable[[], int]) -> None:
        self.limit = limit
        self.losses = 0  # times a node was lost, since the hub started
        self._now_us = now_us
        self._by_id: dict[int, Node] = {}
        self._by_mac: dict[str, Node] = {}
        self._listeners: list[Callable[[Change], None]] = []

    def __len__(self) -> int:
        return len(self._by_id)

    def nodes(self) -> list[Node]:
        """All nodes by id, the LOST ones too."""
        return sorted(self._by_id.values(), key=lambda node: node.node_id)

    def get(self, node_id: int) -> Node | None:
        return self._by_id.get(node_id)

    def count(self) -> Counter[State]:
        """How many nodes are in each state."""
        return Counter(node.state for node in self._by_id.values())

    def subscribe(self, listener: Callable[[Change], None]) -> None:
        """Call `listener` at every change of state, at once and in order."""
        self._listeners.append(listener)

    def hello(self, message: dict[str, Any], ip: str) -> Node:
        """A checked `hello` begins a session: the node is PENDING, with a new token.

        A MAC the table knows keeps its nodeId. Whoever calls has made sure that an older session with it is over or may
        be taken over: the newer wins here, and the older finds that its token is no longer the node's. Raises
        TableFullError.
        """
        node = self._by_mac.get(message["mac"])
        if node is None:
            node = self._new(message["mac"])
        elif node.state is not State.LOST:
            self._lose(node, "another connection with its MAC")
        now_us = self._now_us()
        fresh = Node(node_id=node.node_id, mac=node.mac, sessions=node.sessions + 1, state=node.state)
        fresh.ip, fresh.fw = ip, message["fw"]
        fresh.caps, fresh.topo = message["caps"], message["topo"]
        fresh.effects, fresh.palettes = node.effects, node.palettes  # until its new catalogue comes
        fresh.token = secrets.token_hex(TOKEN_BYTES)
        fresh.token_hash = packets.token_hash(fresh.token)
        fresh.joined_us = fresh.last_seen_us = now_us
        self._by_id[fresh.node_id] = self._by_mac[fresh.mac] = fresh
        self._move(fresh, State.PENDING)
        return fresh

    def welcomed(self, node: Node) -> None:
        """The welcome is on its way: the stream may start."""
        if self._is_current(node):
            node.welcomed_us = node.last_seen_us = self._now_us()
            self._move(node, State.AUTHED, ("no time lock", "stream does not arrive"))

    def keepalive(self, node: Node, message: dict[str, Any]) -> None:
        if self._is_current(node) and node.state in STREAMING:
            now_us = self._now_us()
            node.hear_keepalive(message, now_us)
            self._judge(node, now_us)

    def disconnected(self, node: Node, why: str = "connection closed") -> None:
        """The session's connection ended. A session that was taken over has nothing left to lose."""
        if self._is_current(node) and node.state is not State.LOST:
            self._lose(node, why)

    def sweep(self) -> None:
        """Apply what only time decides: missed keepalives, time-outs, forgetting. Call it several times a second."""
        now_us = self._now_us()
        for node in list(self._by_id.values()):
            if node.state in STREAMING:
                if now_us - node.last_seen_us > MISSED_KEEPALIVE_US:  # until then only a keepalive can change it
                    self._judge(node, now_us)
            elif node.state is State.LOST and now_us - node.lost_us >= FORGET_US:
                self._forget(node)

    def _is_current(self, node: Node) -> bool:
        return self._by_id.get(node.node_id) is node

    def _judge(self, node: Node, now_us: int) -> None:
        state, reasons = node.judge(now_us)
        if state is State.LOST:
            self._lose(node, reasons[0])
        elif (state, reasons) != (node.state, node.reasons):
            node.ready_once = node.ready_once or state is State.READY
            self._move(node, state, reasons)

    def _new(self, mac: str) -> Node:
        if len(self._by_id) >= self.limit:
            gone = [node for node in self._by_id.values() if node.state is State.LOST]
            if not gone:
                raise TableFullError(self.limit)
            self._forget(min(gone, key=lambda node: node.lost_us))
        free = next(number for number in range(1, MAX_NODE_ID + 1) if number not in self._by_id)
        return Node(node_id=free, mac=mac)

    def _lose(self, node: Node, why: str) -> None:
        self.losses += 1
        node.lost_us = self._now_us()
        node.health.locked = False
        self._move(node, State.LOST, (why,))

    def _forget(self, node: Node) -> None:
        del self._by_id[node.node_id], self._by_mac[node.mac]
        event(nodes_log, logging.INFO, "node forgotten", node=node.node_id, mac=node.mac)
        self._tell(Change(node, node.state, None))

    def _move(self, node: Node, state: State, reasons: tuple[str, ...] = ()) -> None:
        old = node.state
        node.state, node.reasons = state, reasons
        level = logging.WARNING if state in (State.DEGRADED, State.LOST) else logging.INFO
        why = "; ".join(reasons) or "-"
        event(nodes_log, level, state, node=node.node_id, mac=node.mac, ip=node.ip, was=old, why=why)
        self._tell(Change(node, old, state))

    def _tell(self, change: Change) -> None:
        for listener in self._listeners:
            listener(change)
