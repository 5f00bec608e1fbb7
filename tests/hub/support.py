"""What the hub's tests share: messages of a well-behaved node, a clock to turn by hand, a real node's two sockets."""

import asyncio
import json
import socket
import struct
from typing import Any, NamedTuple

import aiohttp
from aiohttp import web

from lightwave import packets
from lightwave_hub.access.guard import GUARD

MAC = "AA:BB:CC:DD:EE:01"
EFFECTS = ["solid", "pulse", "spectrum"]
PALETTES = ["rainbow", "ocean"]


def mac(number: int) -> str:
    return f"AA:BB:CC:DD:{number >> 8:02X}:{number & 0xFF:02X}"


def hello(**changes: Any) -> dict[str, Any]:
    message = {
        "t": "hello",
        "proto": 1,
        "mac": MAC,
        "fw": "k1-0.1.0",
        "caps": {"udp": True, "ota": True, "clock": True},
        "topo": {"leds": 320, "channels": 2},
    }
    return message | changes


def keepalive(**changes: Any) -> dict[str, Any]:
    message = {
        "t": "ka",
        "rssi": -50,
        "loss_pct": 0.0,
        "drift_us": 100,
        "uptime_s": 5,
        "state": "ready",
        "locked": True,
        "ticks": 100,
    }
    return message | changes


class HandClock:
    """Hub time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.us = 1_000_000

    def __call__(self) -> int:
        return self.us

    def forward(self, seconds: float) -> None:
        self.us += round(seconds * 1_000_000)


class Datagram(NamedTuple):
    proto: int
    kind: int
    payload_len: int
    seq: int
    token_hash: int
    hub_now_us: int
    apply_at_us: int
    payload: bytes

    @property
    def edge(self) -> int:
        return int.from_bytes(self.payload[:2], "little")

    @property
    def state_edge(self) -> int:
        return int.from_bytes(self.payload[packets.STATE_EDGE_AT : packets.STATE_EDGE_AT + 2], "little")


def decode(raw: bytes | bytearray) -> Datagram:
    assert len(raw) == packets.PACKET_SIZE
    return Datagram(*struct.unpack_from("<BBHIIQQ", raw), bytes(raw[packets.HEADER_SIZE :]))


class Receiver:
    """A node's UDP socket on a loopback address."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind((address, port))
        self.socket.setblocking(False)
        self.address: tuple[str, int] = self.socket.getsockname()

    async def next(self) -> Datagram:
        raw = await asyncio.get_running_loop().sock_recv(self.socket, 2048)
        return decode(raw)

    def waiting(self) -> list[Datagram]:
        """What has come so far."""
        got = []
        try:
            while True:
                got.append(decode(self.socket.recv(2048)))
        except BlockingIOError:
            return got

    def close(self) -> None:
        self.socket.close()


class FakeNode:
    """A node's control connection to a real hub."""

    def __init__(self, session: aiohttp.ClientSession, ws: aiohttp.ClientWebSocketResponse) -> None:
        self._session = session
        self.ws = ws
        self.welcome: dict[str, Any] = {}

    @classmethod
    async def connect(cls, url: str, address: str = "127.0.0.1") -> "FakeNode":
        connector = aiohttp.TCPConnector(local_addr=(address, 0))
        session = aiohttp.ClientSession(connector=connector)
        try:
            return cls(session, await session.ws_connect(f"{url}/ws"))
        except BaseException:
            await session.close()
            raise

    async def join(self, **changes: Any) -> dict[str, Any]:
        await self.ws.send_json(hello(**changes))
        self.welcome = await self.ws.receive_json()
        assert self.welcome["t"] == "welcome", self.welcome
        return self.welcome

    def own(self, message: dict[str, Any]) -> dict[str, Any]:
        """`message` with this session's number and token, unless it has its own."""
        return {"nodeId": self.welcome["nodeId"], "token": self.welcome["token"]} | message

    async def send(self, message: dict[str, Any]) -> None:
        await self.ws.send_json(self.own(message))

    async def catalog(self) -> None:
        await self.send({"t": "catalog", "effects": EFFECTS, "palettes": PALETTES})
        await self.ping()

    async def ping(self, seq: int = 7) -> dict[str, Any]:
        """Also proves that the hub has dealt with everything sent before."""
        await self.send({"t": "ts_ping", "seq": seq, "t1_us": 123})
        answer = await self.ws.receive_json()
        assert answer["t"] == "ts_pong", answer
        return answer

    async def rejected(self, raw: str | bytes | dict[str, Any]) -> dict[str, Any]:
        """Send something bad; the reject that answers it."""
        if isinstance(raw, bytes):
            await self.ws.send_bytes(raw)
        else:
            await self.ws.send_str(raw if isinstance(raw, str) else json.dumps(raw))
        answer = await self.ws.receive_json()
        assert answer["t"] == "reject", answer
        return answer

    async def close_code(self) -> int:
        """Wait for the hub to close; with which code."""
        message = await self.ws.receive()
        assert message.type is aiohttp.WSMsgType.CLOSE or message.type is aiohttp.WSMsgType.CLOSED, message
        return self.ws.close_code or 0

    async def close(self) -> None:
        await self.ws.close()
        await self._session.close()


class Hub:
    """A real hub on a free port of 127.0.0.1, in this process."""

    def __init__(self, app: web.Application) -> None:
        self.app = app
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        self._nodes: list[FakeNode] = []
        self.url = ""
        # As a command on the hub's own machine comes in: nobody has to know of access to test something else.
        self.http = aiohttp.ClientSession(headers={"Authorization": f"Bearer {app[GUARD].here_secret}"})

    async def start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        for node in self._nodes:
            await node.close()
        await self.http.close()
        await self._runner.cleanup()

    async def connect(self, address: str = "127.0.0.1") -> FakeNode:
        node = await FakeNode.connect(self.url, address)
        self._nodes.append(node)
        return node

    async def joined(self, address: str = "127.0.0.1", **changes: Any) -> FakeNode:
        node = await self.connect(address)
        await node.join(**changes)
        return node

    async def get(self, path: str) -> Any:
        async with self.http.get(self.url + path) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def post(self, path: str, body: Any) -> Any:
        async with self.http.post(self.url + path, json=body) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def refused(self, path: str, body: Any = None, *, raw: bytes | None = None) -> dict[str, Any]:
        """POST something bad; the problem document."""
        data = json.dumps(body).encode() if raw is None else raw
        async with self.http.post(self.url + path, data=data) as answer:
            document: dict[str, Any] = await answer.json(content_type="application/problem+json")
            assert document["status"] == answer.status
            return document
