"""One node's connection: hello and welcome, then whatever the node sends, each message judged before it is used."""

import asyncio
import hmac
import logging
import secrets
import socket as sockets
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from lightwave import black_box, constants, messages
from lightwave.messages import MessageError
from lightwave_hub.errors import TableFullError
from lightwave_hub.joining import Joining
from lightwave_hub.log import control_log, event
from lightwave_hub.node import TIMEOUT_US, Node, State
from lightwave_hub.previews import Previews
from lightwave_hub.records.keeper import Keeper
from lightwave_hub.registry import NodeTable
from lightwave_hub.show_clock import ShowClock
from lightwave_hub.time_server import TimeServer

HELLO_TIMEOUT_S = 3.0
CLOSE_TIMEOUT_S = 1.0  # a peer that does not answer our close gets no more time than this
MAX_BAD_MESSAGES = 10
# Larger than a message may be, so that a somewhat too large one is answered and not just cut off.
FRAME_LIMIT = 16 * messages.MAX_MESSAGE_BYTES
# By then a silent node is LOST by its missing keepalives; one that is not has sent some, and lives.
PROBE_TIMEOUT_S = TIMEOUT_US / 1_000_000 + 0.5
MAX_CLOSE_REASON = 120  # bytes; a close frame has room for 123


@dataclass(slots=True)
class ControlStats:
    """Counters since the hub started."""

    connections: int = 0
    messages: int = 0
    pongs: int = 0
    bad_messages: int = 0
    slowed: int = 0  # messages made to wait because their sender is too fast
    failures: int = 0  # connections ended by a fault of ours
    refused: int = 0  # connections refused because there were too many
    rejects: Counter[str] = field(default_factory=Counter)  # by code


@dataclass(frozen=True, slots=True)
class ControlContext:
    """What all sessions share."""

    table: NodeTable
    clock: ShowClock
    time_server: TimeServer
    keeper: Keeper
    previews: Previews
    udp_port: int
    messages_per_s: int
    join_key: str = field(default="", repr=False)
    sessions: "set[Session]" = field(default_factory=set)  # all connections
    stats: ControlStats = field(default_factory=ControlStats)


class Session:
    """`node` is None until the hello was accepted."""

    def __init__(self, context: ControlContext, socket: web.WebSocketResponse, request: web.BaseRequest) -> None:
        self.node: Node | None = None
        self._context = context
        self._socket = socket
        self._transport = request.transport
        self._ip = (request.remote or "").removeprefix("::ffff:")  # how a dual-stack listener writes IPv4
        self.address = request.host.removesuffix(":80")  # of the hub, as the node reaches it
        self._bad_messages = 0
        self._joining = Joining(context.join_key)
        self._probe = b""  # what a pong has to repeat to prove that the peer lives
        self._probed = asyncio.Event()  # it did, or the node is lost
        self._pace = Pace(context.messages_per_s)
        self._handlers: dict[str, Callable[[Node, dict[str, Any]], Awaitable[None]]] = {
            "ts_ping": self._on_ts_ping,
            "ka": self._on_keepalive,
            "catalog": self._on_catalog,
            "ota_status": self._on_ota_status,
            "records": self._on_records,
        }

    async def run(self) -> None:
        """Serve the connection until it ends. Raises ConnectionError when the peer vanishes."""
        self._send_at_once()
        while self.node is None:
            try:
                frame = await self._socket.receive(timeout=HELLO_TIMEOUT_S)
            except TimeoutError:
                wanted = "proof" if self._joining.hello else "hello"
                await self.close(WSCloseCode.POLICY_VIOLATION, f"no {wanted} within {HELLO_TIMEOUT_S:g} s")
                return
            if not await self._hear(frame):
                return
        async for message in self._socket:
            if delay_s := self._pace.delay_s():
                # Not reading makes TCP hold the sender back, and costs nobody else anything.
                self._context.stats.slowed += 1
                await asyncio.sleep(delay_s)
            if not await self._hear(message):
                return

    async def send(self, t: str, **fields: Any) -> None:
        """A message of the hub's own accord, with this session's number and token. Raises ConnectionError."""
        if self.node is not None:
            fields = {"nodeId": self.node.node_id, "token": self.node.token, **fields}
            await self._socket.send_str(messages.build(t, **fields))

    async def lives(self) -> bool:
        """Whether the node of this session is still there: asks it, and waits until it answers or is lost.

        What was sent before proves nothing: it may have waited in a buffer while the node lost its power."""
        if not self._probe:
            self._probe = secrets.token_bytes(8)
            self._probed.clear()
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                await self._socket.ping(self._probe)
                await self._probed.wait()
        except (TimeoutError, ConnectionError):
            pass  # the table knows whether keepalives came meanwhile
        return self.node is not None and self.node.state is not State.LOST

    def lost(self) -> None:
        """The connection is over, or the table gave up its node: whoever asks whether it lives need not wait."""
        self._probed.set()

    async def close(self, code: WSCloseCode, why: str) -> None:
        event(control_log, logging.INFO, "closing", code=int(code), why=why, ip=self._ip, **self.names())
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._socket.close(code=code, message=why.encode()[:MAX_CLOSE_REASON])
        except (TimeoutError, ConnectionError):
            if self._transport is not None:
                self._transport.abort()  # it reads nothing, so it would never see our close

    def names(self) -> dict[str, object]:
        """What a log line says about whose connection this is."""
        return {} if self.node is None else {"node": self.node.node_id, "mac": self.node.mac}

    def _send_at_once(self) -> None:
        connection = self._socket.get_extra_info("socket")
        if connection is not None:  # a pong that waits in Nagle's buffer is a wrong clock
            connection.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)

    async def _hear(self, frame: WSMessage) -> bool:
        """Take one frame; False when the connection is over."""
        if frame.type is WSMsgType.PING:
            await self._socket.pong(frame.data)
            return True
        if frame.type is WSMsgType.PONG:
            if self._probe and frame.data == self._probe:
                self._probe = b""
                self._probed.set()
            return True
        if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            return False
        self._context.stats.messages += 1
        try:
            if frame.type is WSMsgType.BINARY and self.node is not None and self.node.caps.get("preview"):
                self._context.previews.take(self.node, frame.data)
                return True
            if frame.type is WSMsgType.BINARY:
                raise MessageError(messages.BAD_JSON, "", "not a text frame")
            message = messages.parse(frame.data, messages.NODE)
            if self.node is not None:
                await self._dispatch(self.node, message)
            elif (answer := self._joining.hear(message)) is not None:
                await self._socket.send_str(answer)
            else:
                await self._welcome(self._joining.hello)
        except MessageError as error:
            return await self._reject(error)
        return True

    async def _reject(self, error: MessageError) -> bool:
        """Answer a bad message; False when it was one too many."""
        stats = self._context.stats
        stats.bad_messages += 1
        stats.rejects[error.code] += 1
        self._bad_messages += 1
        event(control_log, logging.WARNING, "rejected", why=error, ip=self._ip, **self.names())
        await self._socket.send_str(messages.build("reject", code=error.code, field=error.field, detail=error.detail))
        if self.node is None or error.code in messages.CLOSING_CODES:
            await self.close(WSCloseCode.POLICY_VIOLATION, error.code)
            return False
        if self._bad_messages >= MAX_BAD_MESSAGES:
            await self.close(WSCloseCode.POLICY_VIOLATION, f"{MAX_BAD_MESSAGES} bad messages")
            return False
        return True

    async def _check_takeover(self, mac: str) -> None:
        """A node that lives keeps its place, unless the newcomer has proved the join key. Raises MessageError."""
        if self._joining.proved:
            return
        while (rival := self._holder_of(mac)) is not None:
            if await rival.lives():
                raise MessageError(messages.MAC_TAKEN, "mac", "a node with this MAC is here and answers")
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the node went away while the older connection was asked")

    def _holder_of(self, mac: str) -> "Session | None":
        holders = (each for each in self._context.sessions if each.node is not None and each.node.mac == mac)
        return next((each for each in holders if each.node and each.node.state is not State.LOST), None)

    async def _welcome(self, message: dict[str, Any]) -> None:
        await self._check_takeover(message["mac"])
        table, clock = self._context.table, self._context.clock
        try:
            node = self.node = table.hello(message, self._ip)
        except TableFullError as error:
            raise MessageError(messages.HUB_FULL, "", str(error)) from None
        time_port = self._context.time_server.port if node.caps.get("tsUdp") else 0
        welcome = messages.build(
            "welcome",
            proto=constants.PROTO_VER,
            nodeId=node.node_id,
            token=node.token,
            udpPort=self._context.udp_port,
            hubEpoch_us=clock.now_us(),
            epoch=clock.epoch,
            records=True,
            **({"tsUdpPort": time_port} if time_port else {}),
        )
        await self._socket.send_str(welcome)
        table.welcomed(node)

    async def _dispatch(self, node: Node, message: dict[str, Any]) -> None:
        name = message["t"]
        if name == "hello":
            raise MessageError(messages.ALREADY_HELLO, "t", "this connection has said hello")
        if message["nodeId"] != node.node_id:
            raise MessageError(messages.BAD_TOKEN, "nodeId", "is not this session's")
        if not hmac.compare_digest(message["token"].encode(), node.token.encode()):
            raise MessageError(messages.BAD_TOKEN, "token", "is not this session's")
        await self._handlers[name](node, message)

    async def _on_ts_ping(self, node: Node, message: dict[str, Any]) -> None:
        # t2 is the last thing asked before the text is made: what lies between it and the wire is an error of the
        # node's clock, alike for all nodes.
        fields = {"nodeId": node.node_id, "seq": message["seq"], "t1_us": message["t1_us"]}
        await self._socket.send_str(messages.build("ts_pong", **fields, t2_us=self._context.clock.now_us()))
        self._context.stats.pongs += 1

    async def _on_keepalive(self, node: Node, message: dict[str, Any]) -> None:
        self._context.table.keepalive(node, message)

    async def _on_catalog(self, node: Node, message: dict[str, Any]) -> None:
        node.effects, node.palettes = tuple(message["effects"]), tuple(message["palettes"])

    async def _on_ota_status(self, node: Node, message: dict[str, Any]) -> None:
        node.ota = {key: message[key] for key in ("state", "pct", "version", "detail") if key in message}

    async def _on_records(self, node: Node, message: dict[str, Any]) -> None:
        try:
            records = black_box.unpack_batch(message["batch"])
        except ValueError as error:
            raise MessageError(messages.BAD_FIELD, "batch", str(error)) from None
        stream = message["stream"]
        if records and await self._context.keeper.take(
            node.mac, stream, message["boot_now"], message["up_us"], records
        ):
            newest = records[-1]
            ack = {"nodeId": node.node_id, "stream": stream, "boot": newest.boot, "seq": newest.seq}
            await self._socket.send_str(messages.build("records_ack", **ack))


class Pace:
    """A token bucket of one second: who sends faster than `per_s` is told how long to wait."""

    def __init__(self, per_s: int, now_s: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._now_s = now_s
        self._tokens = float(per_s)
        self._filled_s = now_s()

    def delay_s(self) -> float:
        """Count one message; the seconds to wait before it, usually 0."""
        now_s = self._now_s()
        self._tokens = min(self._per_s, self._tokens + (now_s - self._filled_s) * self._per_s)
        self._filled_s = now_s
        self._tokens -= 1
        return max(0.0, -self._tokens / self._per_s)
