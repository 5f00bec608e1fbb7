"""Nodes for the registry bench, a process of their own: COUNT control connections, each with a keepalive a second.

`python -m tests.bench._keepalives HUB_PORT COUNT SECONDS` prints how long the hub took for a keepalive, as JSON.
For one in eight, a ts_ping goes out right behind it; the hub answers in order, so its pong says that the keepalive is
dealt with. The message is as long as a real node's, with as many statistics.
"""

import asyncio
import json
import resource
import sys
import time
from typing import Any

from lightwave_hub import realtime
from tests.bench._common import percentile
from tests.bench._receivers import address

TIMED = 8
STATISTICS = 36  # as many as a node of this version sends
JOINING_AT_ONCE = 50


class Connection:
    """The node's side of one WebSocket. Its frames are masked with zero, which changes nothing and costs nothing."""

    def __init__(self, index: int) -> None:
        self.index = index
        self._session: dict[str, Any] = {}
        self._ticks = 0

    async def join(self, port: int) -> None:
        own = (address(self.index), 0)
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port, local_addr=own)
        self._writer.write(
            b"GET /ws HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
        )
        await self._reader.readuntil(b"\r\n\r\n")
        mac = f"02:4B:31:00:{self.index >> 8:02X}:{self.index & 255:02X}"
        what = {"caps": {"udp": True, "ota": True, "clock": True}, "topo": {"leds": 320, "channels": 2}}
        self._send({"t": "hello", "proto": 1, "mac": mac, "fw": "bench", **what})
        welcome = await self._receive()
        self._session = {"nodeId": welcome["nodeId"], "token": welcome["token"]}

    def keepalive(self) -> None:
        self._ticks += 100
        self._send({"t": "ka", **self._session, **report(self._ticks)})

    async def timed_keepalive(self) -> float:
        """The milliseconds until the hub was through with it."""
        began = time.perf_counter()
        self.keepalive()
        self._send({"t": "ts_ping", **self._session, "seq": self._ticks, "t1_us": 1})
        await self._receive()
        return (time.perf_counter() - began) * 1000

    def close(self) -> None:
        self._writer.close()

    def _send(self, message: dict[str, Any]) -> None:
        payload = json.dumps(message, separators=(",", ":")).encode()
        length = bytes((0x80 | len(payload),)) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
        self._writer.write(b"\x81" + length + bytes(4) + payload)

    async def _receive(self) -> Any:
        head = await self._reader.readexactly(2)
        length = head[1] & 127
        if length == 126:
            length = int.from_bytes(await self._reader.readexactly(2), "big")
        payload = await self._reader.readexactly(length)
        if head[0] != 0x81:
            raise RuntimeError(f"the hub ended the connection: {payload[2:].decode()}")
        return json.loads(payload)


def report(ticks: int) -> dict[str, Any]:
    return {
        "rssi": -55,
        "loss_pct": 0.1,
        "drift_us": 40,
        "uptime_s": ticks // 100,
        "state": "ready",
        "locked": True,
        "ticks": ticks,
        "render_fps": [120, 119.9],
        "heap_free": 51_000,
        "stats": {f"statistic_{number}_us": 1000 * number for number in range(STATISTICS)},
    }


async def _run(port: int, count: int, seconds: int) -> dict[str, Any]:
    connections = [Connection(index) for index in range(count)]
    for first in range(0, count, JOINING_AT_ONCE):
        await asyncio.gather(*(connection.join(port) for connection in connections[first : first + JOINING_AT_ONCE]))
    ms: list[float] = []
    start = time.perf_counter()

    async def live(connection: Connection) -> None:
        for second in range(seconds):
            due = start + 1 + second + connection.index / count
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if connection.index % TIMED == 0:
                ms.append(await connection.timed_keepalive())
            else:
                connection.keepalive()

    await asyncio.gather(*(live(connection) for connection in connections))
    for connection in connections:
        connection.close()
    per_s = round(count * seconds / (time.perf_counter() - start - 1))
    return {
        "per_s": per_s,
        "timed": len(ms),
        "ms_p50": percentile(ms, 50),
        "ms_p99": percentile(ms, 99),
        "ms_max": max(ms),
    }


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    realtime.raise_this_thread()  # the hub's time is wanted, not how long this process waits for its core
    print(json.dumps(asyncio.run(_run(*(int(argument) for argument in sys.argv[1:])))))
