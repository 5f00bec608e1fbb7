"""A stand-in for the radio: one address per node, through which its control connection and its stream pass.

The node is told that the hub lives at the relay's address; the hub sees the node at the relay's address. Every datagram
and every run of TCP bytes waits a random time from 0 to `jitter_ms`; datagrams may overtake one another, be lost or
come twice, TCP bytes only wait. Runs as a process of its own (`python -m lightwave_sim.relay`), so that its work is in
nobody's event loop.
"""

import argparse
import asyncio
import random
import sys
from dataclasses import dataclass
from functools import partial
from typing import cast

READ_SIZE = 65536


@dataclass(frozen=True)
class Link:
    """One node's path: the address that stands for the node and the hub, and where the two really are."""

    relay_ip: str
    node_ip: str
    hub_host: str
    hub_port: int
    udp_port: int


@dataclass(frozen=True)
class Weather:
    """What the air does to packets. Percentages are of datagrams; the draws are seeded, so a run can be repeated."""

    jitter_ms: float = 0.0
    loss_pct: float = 0.0
    duplicate_pct: float = 0.0


class Air:
    """One direction of one link."""

    def __init__(self, weather: Weather, seed: str) -> None:
        self._weather = weather
        self._random = random.Random(seed)

    def delay_s(self) -> float:
        return self._random.random() * self._weather.jitter_ms / 1000

    def copies(self) -> int:
        """How many of a datagram arrive: none, one or two."""
        if self._random.random() * 100 < self._weather.loss_pct:
            return 0
        return 2 if self._random.random() * 100 < self._weather.duplicate_pct else 1


class StreamRelay(asyncio.DatagramProtocol):
    """UDP from the hub to one node."""

    def __init__(self, link: Link, air: Air) -> None:
        self._target = (link.node_ip, link.udp_port)
        self._air = air
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # asyncio's own is one only by its methods

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for _ in range(self._air.copies()):
            self._loop.call_later(self._air.delay_s(), self._forward, data)

    def error_received(self, exc: Exception) -> None:
        pass  # the node is off: its port is closed, as on a real network nobody hears the datagram

    def _forward(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, self._target)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, air: Air) -> None:
    """Copy one direction of a TCP connection, each run of bytes late by its own delay but never out of order."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=256)

    async def read() -> None:
        try:
            while data := await reader.read(READ_SIZE):
                await waiting.put((loop.time() + air.delay_s(), data))
        except ConnectionError:
            pass
        await waiting.put((0.0, b""))

    reading = asyncio.create_task(read())
    try:
        while True:
            due, data = await waiting.get()
            if not data:
                return
            await asyncio.sleep(max(0.0, due - loop.time()))
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        reading.cancel()
        writer.close()


async def _serve_control(link: Link, weather: Weather) -> asyncio.Server:
    """TCP from one node to the hub."""
    connections = 0

    async def connected(node_reader: asyncio.StreamReader, node_writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        seed = f"{link.relay_ip} {connections}"
        try:
            hub_reader, hub_writer = await asyncio.open_connection(
                link.hub_host, link.hub_port, local_addr=(link.relay_ip, 0)
            )
        except OSError:
            node_writer.close()
            return
        await asyncio.gather(
            _pump(node_reader, hub_writer, Air(weather, seed + " up")),
            _pump(hub_reader, node_writer, Air(weather, seed + " down")),
        )

    return await asyncio.start_server(connected, link.relay_ip, link.hub_port)


async def relay(links: list[Link], weather: Weather) -> None:
    loop = asyncio.get_running_loop()
    for link in links:
        await _serve_control(link, weather)
        await loop.create_datagram_endpoint(
            partial(StreamRelay, link, Air(weather, link.relay_ip)), local_addr=(link.relay_ip, link.udp_port)
        )
    print("relay: ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)  # the parent holds the other end: its end is ours


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lightwave_sim.relay", description=__doc__)
    parser.add_argument("--jitter-ms", type=float, default=0.0)
    parser.add_argument("--loss-pct", type=float, default=0.0)
    parser.add_argument("--duplicate-pct", type=float, default=0.0)
    parser.add_argument("--hub-host", required=True)
    parser.add_argument("--hub-port", type=int, required=True)
    parser.add_argument("--udp-port", type=int, required=True)
    parser.add_argument("--link", action="append", nargs=2, metavar=("RELAY_IP", "NODE_IP"), required=True)
    args = parser.parse_args()
    links = [Link(ip, node, args.hub_host, args.hub_port, args.udp_port) for ip, node in args.link]
    asyncio.run(relay(links, Weather(args.jitter_ms, args.loss_pct, args.duplicate_pct)))


if __name__ == "__main__":
    main()
