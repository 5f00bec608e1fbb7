"""A node's connection as the hub sees it: frame after frame, through the real session, table and clock.

A fuzzer cannot guess a session's token or a proof: where its frames hold the placeholders of valid examples, it gets
the real ones.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiohttp import WSMessage, WSMsgType

from lightwave import messages
from lightwave.records.page import Record
from lightwave_hub.control_session import MAX_BAD_MESSAGES, ControlContext, Session
from lightwave_hub.previews import Previews
from lightwave_hub.registry import NodeTable
from lightwave_hub.show_clock import ShowClock
from lightwave_hub.time_server import TimeServer
from tests.fuzz.wire_targets import TOKEN

BINARY = 0xFF  # a frame that begins with this byte goes as a binary one, without it
BETWEEN = b"\xfe"  # frames; UTF-8 has none of it
_LOOP = asyncio.new_event_loop()


def session(data: bytes) -> None:
    _LOOP.run_until_complete(_session(data))


async def _session(data: bytes) -> None:
    clock = ShowClock()
    table = NodeTable(4, clock.now_us)
    context = ControlContext(
        table, clock, TimeServer(table, clock), _Taking(), Previews(table), udp_port=49152, messages_per_s=10_000
    )
    peer = _Peer(data)
    held = Session(context, peer, _Request())
    peer.session = held
    context.sessions.add(held)
    await held.run()
    assert context.stats.failures == 0
    assert peer.rejects <= MAX_BAD_MESSAGES
    assert len(table) <= 1
    for text in peer.said:
        messages.parse(text, messages.HUB)


class _Taking:
    """In place of the database: takes what it gets."""

    async def take(self, mac: str, stream: str, boot: int, up_us: int, records: Sequence[Record]) -> bool:
        return True


class _Transport:
    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        pass


class _Request:
    transport = _Transport()
    remote = "127.0.0.1"
    host = "192.168.4.1"


class _Peer:
    """The WebSocket: hands out the frames, notes what the hub says, and ends when there are no more."""

    session: Session

    def __init__(self, data: bytes) -> None:
        self.said: list[str] = []
        self.rejects = 0
        self._frames = data.split(BETWEEN)

    async def receive(self, **_options: Any) -> WSMessage:
        return self._next()

    def __aiter__(self) -> "_Peer":
        return self

    async def __anext__(self) -> WSMessage:
        frame = self._next()
        if frame.type is WSMsgType.CLOSED:
            raise StopAsyncIteration
        return frame

    def _next(self) -> WSMessage:
        if not self._frames:
            return WSMessage(WSMsgType.CLOSED, None, None)
        data = self._frames.pop(0)
        if data[:1] == bytes([BINARY]):
            return WSMessage(WSMsgType.BINARY, data[1:], None)
        node = self.session.node
        if node is not None:
            data = data.replace(TOKEN.encode(), node.token.encode())
        # what is not UTF-8 never gets here: the WebSocket itself refuses it
        return WSMessage(WSMsgType.TEXT, data.decode("utf-8", "replace"), None)

    async def send_str(self, text: str) -> None:
        self.said.append(text)
        self.rejects += '"t":"reject"' in text.replace(" ", "")

    async def ping(self, data: bytes) -> None:
        pass

    async def pong(self, data: bytes) -> None:
        pass

    async def close(self, **_options: Any) -> None:
        self._frames.clear()

    def get_extra_info(self, _name: str) -> None:
        return None
