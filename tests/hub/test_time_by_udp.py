"""The node's TimePings against the hub's TimeServer, over loopback. Both read one clock, so the truth is known."""

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from lightwave import packets, ticks
from lightwave.timesync import TimeSync
from lightwave_hub.node import Node
from lightwave_hub.registry import NodeTable
from lightwave_hub.show_clock import ShowClock
from lightwave_hub.time_server import TimeServer
from lightwave_node.time_pings import TimePings
from tests.hub.support import hello
from tests.node.cpython_hardware import SystemClock, TimeSocket

WAIT_S = 10


class Asker:
    """A node's clock estimate and the way it asks."""

    def __init__(self, node: Node, port: int) -> None:
        self.clock = SystemClock()
        self.sync = TimeSync()
        self.sync.start(self.clock.now(), 1)
        self.socket = TimeSocket()
        self.pings = TimePings(self.clock, self.sync, self.socket, "127.0.0.1")
        self.pings.begin("127.0.0.1", port, node.node_id, node.token)

    def ask(self, times: int) -> list[bool]:
        """As the control thread does, each when it is due; whether UDP took its turn."""
        asked = []
        for _ in range(times):
            self.clock.sleep_ms((self.sync.next_ping_in(self.clock.now()) + 999) // 1000)
            asked.append(self.pings.ask())
        return asked

    def lock(self) -> None:
        end = time.monotonic() + WAIT_S
        while not self.sync.locked:
            assert time.monotonic() < end
            self.ask(1)

    def error_us(self, hub_clock: ShowClock) -> int:
        return abs(ticks.diff(self.sync.to_hub(self.clock.now()), hub_clock.now_us() % ticks.PERIOD))


@pytest.fixture
def clock() -> ShowClock:
    return ShowClock()


@pytest.fixture
def table(clock: ShowClock) -> NodeTable:
    return NodeTable(4, clock.now_us)


@pytest.fixture
async def server(table: NodeTable, clock: ShowClock) -> AsyncIterator[TimeServer]:
    server = TimeServer(table, clock)
    server.start("127.0.0.1", 0)
    yield server
    server.close()


@pytest.fixture
async def asker(server: TimeServer, table: NodeTable) -> Iterator[Asker]:
    node = table.hello(hello(), "127.0.0.1")
    table.welcomed(node)
    asker = Asker(node, server.port)
    yield asker
    asker.pings.close()


async def test_a_node_locks_to_the_hubs_clock(server, asker, clock):
    await asyncio.to_thread(asker.lock)
    assert asker.error_us(clock) <= asker.sync.bound_us + 100  # between the two readings of the test itself
    assert asker.sync.over_udp == 1
    assert server.stats.pongs >= 10 and server.stats.refused == 0
    assert server.stats.stamped == (server.stats.pongs if sys.platform == "linux" else 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux stamps datagrams")
async def test_a_hub_that_is_always_busy_moves_nothing(server, asker, clock):
    """Each ping waits up to 20 ms for the event loop, and none of it is taken for travel."""
    locking = asyncio.create_task(asyncio.to_thread(asker.lock))
    while not locking.done():
        time.sleep(0.02)  # noqa: ASYNC251 - the event loop is held up on purpose: that is what is tested
        await asyncio.sleep(0)
    await locking
    assert asker.sync.rtt_us < 10_000
    assert asker.error_us(clock) < 1500


async def test_garbage_on_the_time_port_disturbs_nobody(server, asker, clock):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.connect(("127.0.0.1", server.port))
        for length in (0, 1, packets.TS_SIZE, packets.PACKET_SIZE, 1400):
            stranger.send(bytes(length))
        await asyncio.to_thread(asker.lock)
    assert server.stats.refused == 5
    assert asker.error_us(clock) <= asker.sync.bound_us + 100


async def test_a_time_port_that_closes_leaves_it_to_the_websocket(server, asker):
    await asyncio.to_thread(asker.lock)
    server.close()
    asked = await asyncio.to_thread(asker.ask, 16)
    assert asked == [True] * 15 + [False]
