"""The control plane: one WebSocket for each node at WS_PATH (PROTOCOL.md, "Control plane").

Whatever one peer sends, or does not, stays its own affair: sizes, rates, waits and mistakes are capped for each
connection, and an exception ends only the connection it happened in.
"""

import asyncio
from typing import Any

from aiohttp import WSCloseCode, web

from lightwave_hub.control_session import CLOSE_TIMEOUT_S, FRAME_LIMIT, ControlContext, ControlStats, Session
from lightwave_hub.log import control_log, failure
from lightwave_hub.node import Node, State
from lightwave_hub.previews import Previews
from lightwave_hub.records.keeper import Keeper
from lightwave_hub.registry import Change, NodeTable
from lightwave_hub.show_clock import ShowClock
from lightwave_hub.time_server import TimeServer

SPARE_CONNECTIONS = 64  # beyond the limit of nodes: takeovers, and peers that have yet to say hello


class ControlPlane:
    """Accepts connections and ends those whose node was lost."""

    def __init__(
        self,
        table: NodeTable,
        clock: ShowClock,
        time_server: TimeServer,
        keeper: Keeper,
        udp_port: int,
        messages_per_s: int,
        join_key: str = "",
    ) -> None:
        self.previews = Previews(table)
        self._context = ControlContext(
            table, clock, time_server, keeper, self.previews, udp_port, messages_per_s, join_key
        )
        self._sessions = self._context.sessions
        self._closing: set[asyncio.Task[None]] = set()
        table.subscribe(self._on_change)

    @property
    def stats(self) -> ControlStats:
        return self._context.stats

    @property
    def open_connections(self) -> int:
        return len(self._sessions)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """The handler of WS_PATH."""
        if len(self._sessions) >= self._context.table.limit + SPARE_CONNECTIONS:
            self.stats.refused += 1
            raise web.HTTPServiceUnavailable(text="too many connections")
        socket = web.WebSocketResponse(
            timeout=CLOSE_TIMEOUT_S,
            max_msg_size=FRAME_LIMIT,
            compress=False,
            autoping=False,  # a session has to see the pongs
        )
        await socket.prepare(request)
        session = Session(self._context, socket, request)
        self._sessions.add(session)
        self.stats.connections += 1
        try:
            await session.run()
        except ConnectionError:
            pass  # the peer went away while we wrote: the same as a close
        except Exception:
            self.stats.failures += 1
            failure(control_log, "connection failed", ip=request.remote, **session.names())
            await session.close(WSCloseCode.INTERNAL_ERROR, "a fault of the hub")
        finally:
            self._sessions.discard(session)
            if session.node is not None:
                self._context.table.disconnected(session.node)
            session.lost()
        return socket

    async def send(self, node: Node, t: str, **fields: Any) -> bool:
        """Send `node` a message; False when its connection has ended."""
        session = self._session_of(node)
        if session is None:
            return False
        try:
            await session.send(t, **fields)
        except ConnectionError:
            return False
        return True

    def address_of(self, node: Node) -> str:
        """The hub as this node reaches it: host, and port if it is not 80."""
        session = self._session_of(node)
        return session.address if session is not None else ""

    def _session_of(self, node: Node) -> Session | None:
        return next((session for session in self._sessions if session.node is node), None)

    async def close(self) -> None:
        """Tell every node that the hub goes away."""
        closing = [session.close(WSCloseCode.GOING_AWAY, "the hub stops") for session in self._sessions]
        await asyncio.gather(*closing, *self._closing, return_exceptions=True)

    def _on_change(self, change: Change) -> None:
        if change.new is State.LOST:
            for session in self._sessions:
                if session.node is change.node:
                    session.lost()
                    self._close_soon(session, change.node)

    def _close_soon(self, session: Session, node: Node) -> None:
        closing = session.close(WSCloseCode.POLICY_VIOLATION, "; ".join(node.reasons))
        task = asyncio.get_running_loop().create_task(closing)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
