"""Asking for the time by UDP, against a hub's socket."""

import socket
import struct
import threading
import time

import pytest
from cpython_hardware import SystemClock, TimeSocket

from lightwave import packets, ticks
from lightwave.compat import crc32
from lightwave.timesync import TimeSync
from lightwave_node.time_pings import TimePings

NODE_ID = 3
TOKEN = "0123456789abcdef"
TOKEN_HASH = crc32(TOKEN.encode())
AHEAD_US = (7 << 30) + 12345  # of the hub's clock
_PING = struct.Struct("<BBHIII")


class Clock(SystemClock):
    """Can be moved on."""

    ahead_us = 0

    def now(self):
        return ticks.add(super().now(), self.ahead_us)


class Hub:
    """Answers pings as `answer` says: a function of the pong gives the datagrams to send."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.pings = []
        self.answer = lambda pong: [pong]
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while True:
            ping, address = self.socket.recvfrom(100)
            if not ping:
                return
            _, kind, node_id, seq, token_hash, t1_us = _PING.unpack_from(ping)
            self.pings.append((len(ping), kind, node_id, seq, token_hash))
            pong = bytearray(packets.TS_SIZE)
            hub_us = AHEAD_US + time.monotonic_ns() // 1000
            packets.pack_ts(pong, packets.TS_PONG, node_id, seq, token_hash, t1_us, hub_us, 0)
            for datagram in self.answer(pong):
                self.socket.sendto(datagram, address)

    def close(self):
        self.socket.sendto(b"", self.socket.getsockname())
        self._thread.join()
        self.socket.close()


@pytest.fixture
def hub():
    hub = Hub()
    yield hub
    hub.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sync(clock):
    sync = TimeSync()
    sync.start(clock.now(), 1)
    return sync


@pytest.fixture
def pings(hub, clock, sync):
    pings = TimePings(clock, sync, TimeSocket(), "127.0.0.1")
    pings.begin("127.0.0.1", hub.port, NODE_ID, TOKEN)
    yield pings
    pings.close()


def offset_error_us(sync, clock):
    hub_us = AHEAD_US + time.monotonic_ns() // 1000
    return abs(ticks.diff(sync.to_hub(clock.now()), hub_us % ticks.PERIOD))


def test_pings_lock_the_clock(hub, pings, sync, clock):
    while not sync.locked:
        assert pings.ask()
    assert sync.over_udp == 1 and offset_error_us(sync, clock) < 50_000  # how exact it is, tests/dual says
    assert hub.pings[0] == (packets.TS_SIZE, packets.TS_PING, NODE_ID, 1, TOKEN_HASH)
    assert ticks.diff(clock.now(), sync.anchor_local) in range(50100)


def test_without_a_port_it_is_the_websockets_turn(hub, pings):
    pings.begin("127.0.0.1", 0, NODE_ID, TOKEN)
    assert not pings.ask()


def test_a_way_that_never_worked_is_left_to_the_websocket_and_tried_again(hub, pings, clock):
    hub.answer = lambda pong: []
    assert [pings.ask() for _ in range(6)] == [True] * 4 + [False] * 2
    clock.ahead_us = 10_000_001
    assert [pings.ask() for _ in range(2)] == [True, False]
    hub.answer = lambda pong: [pong]
    clock.ahead_us = 20_000_002
    assert all(pings.ask() for _ in range(5))


def test_a_way_that_has_worked_is_given_up_late(hub, pings):
    assert pings.ask()
    hub.answer = lambda pong: []
    assert [pings.ask() for _ in range(16)] == [True] * 15 + [False]


def strangers(pong):
    other_session, other_kind, short = bytearray(pong), bytearray(pong), bytearray(pong)[:-1]
    other_session[packets.TS_HASH_AT] ^= 1
    other_kind[packets.TS_TYPE_AT] = packets.TS_PING
    return [other_session, other_kind, short, pong]


def test_what_is_no_pong_of_ours_is_passed_over(hub, pings, sync, clock):
    hub.answer = strangers
    assert pings.ask()
    assert sync.over_udp == 1 and offset_error_us(sync, clock) < 50_000


def test_a_pong_that_comes_late_or_twice_is_taken_once(hub, pings, sync):
    late = []

    def hold_back(pong):
        late.append(pong)
        return [] if len(late) == 1 else [late[0], pong, pong]

    hub.answer = hold_back
    taken = []
    take = sync.pong_packet
    sync.pong_packet = lambda packet, at: taken.append(take(packet, at)) or taken[-1]
    assert pings.ask() and pings.ask() and pings.ask()
    assert taken.count(True) == 3 and False in taken


def test_an_empty_datagram_ends_the_socket_and_the_next_ping_has_a_new_one(hub, pings, sync):
    hub.answer = lambda pong: [b""]
    assert pings.ask() and not sync.over_udp
    hub.answer = lambda pong: [pong]
    assert pings.ask() and sync.over_udp == 1


def test_an_address_that_is_gone_is_a_missed_pong(hub, pings):
    pings.begin("192.0.2.1", hub.port, NODE_ID, TOKEN)  # none of ours
    assert [pings.ask() for _ in range(5)] == [True] * 4 + [False]
