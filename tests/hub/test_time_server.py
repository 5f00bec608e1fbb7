"""Time pings by UDP: what the hub answers, to whom, and how well it knows when a ping came."""

import asyncio
import socket
import sys
import time
from collections.abc import Iterator

import pytest

from lightwave import packets
from lightwave_hub.registry import NodeTable
from lightwave_hub.show_clock import ShowClock
from lightwave_hub.time_server import TimeServer
from tests.hub.support import hello, keepalive, mac

T1_US = 123_456_789
WAIT_S = 5.0


class Asker:
    """A node's socket."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.connect(("127.0.0.1", port))

    def send(self, ping: bytes) -> None:
        self.socket.send(ping)

    async def pong(self) -> bytes:
        return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.socket, 100), WAIT_S)


def ping(node_id: int, token_hash: int, seq: int = 1, t1_us: int = T1_US) -> bytearray:
    buf = bytearray(packets.TS_SIZE)
    packets.pack_ts(buf, packets.TS_PING, node_id, seq, token_hash, t1_us)
    return buf


def field(pong: bytes, at: int, size: int) -> int:
    return int.from_bytes(pong[at : at + size], "little")


@pytest.fixture
def clock() -> ShowClock:
    return ShowClock()


@pytest.fixture
def table(clock: ShowClock) -> NodeTable:
    return NodeTable(4, clock.now_us)


@pytest.fixture
async def server(table: NodeTable, clock: ShowClock) -> Iterator[TimeServer]:
    server = TimeServer(table, clock)
    server.start("127.0.0.1", 0)
    yield server
    server.close()


@pytest.fixture
async def asker(server: TimeServer) -> Iterator[Asker]:
    asker = Asker(server.port)
    yield asker
    asker.socket.close()


def welcomed(table: NodeTable):
    node = table.hello(hello(), "127.0.0.1")
    table.welcomed(node)
    return node


async def test_a_pong_tells_when_the_ping_came_and_how_long_it_was_held(server, asker, table, clock):
    node = welcomed(table)
    before_us = clock.now_us()
    asker.send(ping(node.node_id, node.token_hash, seq=77))
    pong = await asker.pong()
    after_us = clock.now_us()
    assert packets.is_pong(bytearray(pong), len(pong), node.token_hash & 0xFFFF, node.token_hash >> 16)
    assert field(pong, packets.TS_NODE_AT, 2) == node.node_id
    assert field(pong, packets.TS_SEQ_AT, 4) == 77
    assert field(pong, packets.TS_T1_AT, 4) == T1_US
    came_us, held_us = field(pong, packets.TS_T2_AT, 8), field(pong, packets.TS_HELD_AT, 4)
    assert before_us - 50 <= came_us <= came_us + held_us <= after_us + 50  # two clocks, each read to a microsecond
    assert server.stats.pongs == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux stamps datagrams")
async def test_a_loop_that_is_busy_is_no_part_of_the_way(server, asker, table, clock):
    node = welcomed(table)
    sent_us = clock.now_us()
    asker.send(ping(node.node_id, node.token_hash))
    sent_by_us = clock.now_us()
    time.sleep(0.05)  # noqa: ASYNC251 - the event loop is held up on purpose: that is what is tested
    pong = await asker.pong()
    assert sent_us - 50 <= field(pong, packets.TS_T2_AT, 8) <= sent_by_us + 1000
    assert field(pong, packets.TS_HELD_AT, 4) >= 49_000
    assert server.stats.stamped == 1


def other_kind(node):
    buf = ping(node.node_id, node.token_hash)
    buf[packets.TS_TYPE_AT] = packets.TS_PONG
    return buf


def other_protocol(node):
    buf = ping(node.node_id, node.token_hash)
    buf[packets.TS_PROTO_AT] = 2
    return buf


REFUSED = {
    "empty": lambda node: b"",
    "short": lambda node: ping(node.node_id, node.token_hash)[:-1],
    "long": lambda node: ping(node.node_id, node.token_hash) + b"\0",
    "kind": other_kind,
    "protocol": other_protocol,
    "node": lambda node: ping(node.node_id + 1, node.token_hash),
    "token": lambda node: ping(node.node_id, node.token_hash ^ 1),
    "t1": lambda node: ping(node.node_id, node.token_hash, t1_us=1 << 30),
}


@pytest.mark.parametrize("bad", REFUSED.values(), ids=REFUSED)
async def test_what_is_no_ping_of_a_session_gets_no_answer(server, asker, table, bad):
    node = welcomed(table)
    asker.send(bad(node))
    asker.send(ping(node.node_id, node.token_hash, seq=9))
    assert field(await asker.pong(), packets.TS_SEQ_AT, 4) == 9  # the first answer is to the second datagram
    assert server.stats.refused == 1


async def test_a_node_that_was_lost_gets_no_answer(server, asker, table):
    node = welcomed(table)
    table.disconnected(node)
    asker.send(ping(node.node_id, node.token_hash))
    other = table.hello(hello(mac="AA:BB:CC:DD:EE:02"), "127.0.0.1")
    table.welcomed(other)
    asker.send(ping(other.node_id, other.token_hash))
    assert field(await asker.pong(), packets.TS_NODE_AT, 2) == other.node_id
    assert server.stats.refused == 1


async def test_a_taken_port_leaves_the_websocket_to_answer(table, clock, caplog):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        server = TimeServer(table, clock)
        server.start("127.0.0.1", taken.getsockname()[1])
        assert server.port == 0
        server.close()
    assert "no time pings by UDP" in caplog.text


async def test_the_welcome_names_the_port_to_those_who_can_use_it(hub):
    ports = []
    for number, caps in enumerate(({"tsUdp": True}, {"tsUdp": False}, {})):
        node = await hub.connect()
        asked = hello(mac=f"AA:BB:CC:DD:EE:0{number}")
        welcome = await node.join(**{**asked, "caps": {**asked["caps"], **caps}})
        ports.append(welcome.get("tsUdpPort"))
    assert ports[0] and ports[1:] == [None, None]


async def test_metrics_tell_of_the_clocks(hub):
    clocks = (("locked", True, 80, 1), ("holdover", True, 350, 0), ("acquiring", False, 9000, 1))
    for number, (clock, locked, bound_us, by_udp) in enumerate(clocks):
        node = await hub.joined(mac=mac(number))
        told = {"clock": clock, "locked": locked, "clock_bound_us": bound_us, "stats": {"ts_udp": by_udp}}
        await node.send(keepalive(**told))
        await node.ping()  # so the keepalive was heard
    sync = (await hub.get("/metrics"))["sync"]
    assert sync["clocks"] == {"acquiring": 1, "locked": 1, "holdover": 1, "unlocked": 0}
    assert (sync["by_udp"], sync["bound_us_max"]) == (2, 350)
