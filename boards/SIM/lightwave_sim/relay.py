"""A stand-in for the radio: one address per node, through which all that it says and hears passes.

The node is told that the hub lives at the relay's address; the hub sees the node at the relay's address. Datagrams of
the stream and of time pings take the ways of air.py or of a recorded trace; TCP bytes are late by them, too, but stay
in order. Runs as a process of its own (`python -m lightwave_sim.relay`), so that its work is in nobody's event loop.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import json
import os
import socket
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from lightwave_sim.air import Air, Weather
from lightwave_sim.trace import DOWN, UP, Recorder, Trace, TraceAir, read_trace
from lightwave_sim.udp_relay import Address, UdpRelay

READ_SIZE = 65536
SWITCH_S = 0.0001


@dataclass(frozen=True)
class Link:
    """One node's path: the address that stands for the node and the hub, and where the two really are."""

    number: int
    relay_ip: str
    node_ip: str
    hub_host: str
    hub_port: int
    udp_port: int
    time_port: int


class Way(Protocol):
    def fates(self, now_s: float) -> list[float]: ...
    def arrival_in_order_s(self, now_s: float) -> float: ...


class Ways:
    """Makes one direction of one link after the other; what they do depends on seed, link and purpose alone."""

    def __init__(self, weather: Weather, seed: int, trace: Trace | None = None) -> None:
        self._weather = weather
        self._seed = seed
        self._trace = trace
        self._begin_s = time.monotonic()

    def way(self, link: Link, purpose: str, direction: str) -> Way:
        if self._trace is not None:
            return TraceAir(self._trace[direction], link.number * 0.37 % 1, self._begin_s)
        return Air(self._weather, f"{self._seed} {link.number} {purpose} {direction}", to_station=direction == DOWN)


def relay_datagrams(relay: UdpRelay, link: Link, ways: Ways, recorder: Recorder | None = None) -> list[socket.socket]:
    """The stream down to the node; time pings up to the hub, and pongs down again. Gives the sockets to close.

    What is recorded is one way in each direction, the stream and the pings: two ways mixed are no trace of either.
    """
    note_down, note_up = (None if recorder is None else partial(recorder.note, each) for each in (DOWN, UP))
    stream = _bound(link.relay_ip, link.udp_port)
    node = (link.node_ip, link.udp_port)
    relay.forward(stream, ways.way(link, "stream", DOWN), lambda data, sender: stream.sendto(data, node), note_down)
    if not link.time_port:
        return [stream]
    pings, to_hub = _bound(link.relay_ip, link.time_port), _bound(link.relay_ip, 0)
    to_hub.connect((link.hub_host, link.time_port))
    asker: Address | None = None  # where the newest ping came from: a node has one socket for them

    def up(data: bytes, sender: Address) -> None:
        nonlocal asker
        asker = sender
        to_hub.send(data)

    def down(data: bytes, sender: Address) -> None:
        if asker is not None:
            pings.sendto(data, asker)

    relay.forward(pings, ways.way(link, "time", UP), up, note_up)
    relay.forward(to_hub, ways.way(link, "time", DOWN), down)
    return [stream, pings, to_hub]


def _bound(host: str, port: int) -> socket.socket:
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((host, port))
    return udp


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way) -> None:
    """Copy one direction of a TCP connection, each run of bytes late by its own delay but never out of order."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=256)

    async def read() -> None:
        try:
            while data := await reader.read(READ_SIZE):
                await waiting.put((way.arrival_in_order_s(loop.time()), data))
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


async def _serve_control(link: Link, ways: Ways) -> asyncio.Server:
    """TCP from one node to the hub."""
    connections = 0

    async def connected(node_reader: asyncio.StreamReader, node_writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        purpose = f"control {connections}"
        try:
            hub_reader, hub_writer = await asyncio.open_connection(
                link.hub_host, link.hub_port, local_addr=(link.relay_ip, 0)
            )
        except OSError:
            node_writer.close()
            return
        with contextlib.suppress(asyncio.CancelledError):  # the end of the relay, of which asyncio would complain
            await asyncio.gather(
                _pump(node_reader, hub_writer, ways.way(link, purpose, UP)),
                _pump(hub_reader, node_writer, ways.way(link, purpose, DOWN)),
            )

    return await asyncio.start_server(connected, link.relay_ip, link.hub_port)


async def serve(links: list[Link], ways: Ways, recorder: Recorder | None = None) -> None:
    """Until standard input ends; says "relay: ready", and at the end how late its own sendings were.

    Records the first link.
    """
    datagrams = UdpRelay()
    sockets = []
    for place, link in enumerate(links):
        sockets += relay_datagrams(datagrams, link, ways, recorder if place == 0 else None)
    for link in links:
        await _serve_control(link, ways)
    datagrams.start()
    print("relay: ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)  # the parent holds the other end: its end is ours
    datagrams.stop()
    for udp in sockets:
        udp.close()
    if recorder is not None:
        recorder.close()
    print(json.dumps(lateness(datagrams)), flush=True)


def lateness(relay: UdpRelay) -> dict[str, int]:
    """How late the relay itself was, beside what the air did: microseconds."""
    late = sorted(relay.lateness_s) or [0.0]
    share = {name: late[min(len(late) - 1, int(len(late) * part))] for name, part in (("p50", 0.5), ("p99", 0.99))}
    return {"datagrams": len(relay.lateness_s)} | {name: round(value * 1e6) for name, value in share.items()}


def weather_of(text: str) -> Weather:
    """A Weather as JSON. Raises ValueError or TypeError."""
    return Weather(**json.loads(text))


def arguments(weather: Weather, seed: int, trace: Path | None, record: Path | None, links: list[Link]) -> list[str]:
    """The command line of a relay, for who starts one."""
    first = links[0]
    command = ["--weather", json.dumps(dataclasses.asdict(weather)), "--seed", str(seed)]
    command += ["--hub-host", first.hub_host, "--hub-port", str(first.hub_port)]
    command += ["--udp-port", str(first.udp_port), "--time-port", str(first.time_port)]
    for option, path in (("--trace", trace), ("--record", record)):
        command += [] if path is None else [option, str(path)]
    for link in links:
        command += ["--link", link.relay_ip, link.node_ip]
    return command


def _be_punctual() -> None:
    """What the relay is late by, the air did not do: real-time scheduling where allowed, and threads that give way."""
    sys.setswitchinterval(SWITCH_S)
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lightwave_sim.relay", description=__doc__)
    parser.add_argument("--weather", type=weather_of, default=Weather(), help="JSON, see air.py")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trace", type=Path, help="play back what was recorded instead")
    parser.add_argument("--record", type=Path, help="write what happens to datagrams")
    parser.add_argument("--hub-host", required=True)
    parser.add_argument("--hub-port", type=int, required=True)
    parser.add_argument("--udp-port", type=int, required=True)
    parser.add_argument("--time-port", type=int, default=0)
    parser.add_argument("--link", action="append", nargs=2, metavar=("RELAY_IP", "NODE_IP"), required=True)
    args = parser.parse_args()
    links = [
        Link(number, ip, node, args.hub_host, args.hub_port, args.udp_port, args.time_port)
        for number, (ip, node) in enumerate(args.link, start=1)
    ]
    ways = Ways(args.weather, args.seed, None if args.trace is None else read_trace(args.trace))
    _be_punctual()
    asyncio.run(serve(links, ways, None if args.record is None else Recorder(args.record)))


if __name__ == "__main__":
    main()
