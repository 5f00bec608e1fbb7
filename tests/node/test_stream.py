"""The stream thread on a real UDP socket: what it takes, drops and counts."""

import socket
import threading
import time

import pytest
from cpython_hardware import Receiver, SystemClock
from node_support import TOKEN, Datagrams

from lightwave.apply_queue import ApplyQueue
from lightwave_node.stream import Stream


class Listening:
    """A stream in its thread, and a socket that sends to it."""

    def __init__(self):
        self.receiver = Receiver()
        self.queue = ApplyQueue()
        self.stream = Stream(SystemClock(), self.receiver, self.queue)
        self.stream.begin_session(TOKEN)
        self.stream.listen("127.0.0.1", 0)
        self._thread = threading.Thread(target=self.stream.run)
        self._thread.start()
        self.wait_until(lambda: self.receiver.opened == 1)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def send(self, *datagrams):
        for datagram in datagrams:
            self.udp.sendto(datagram, self.receiver.address)

    def wait_until(self, check):
        end = time.monotonic() + 10
        while not check():
            assert time.monotonic() < end
            time.sleep(0.002)

    def stop(self):
        self.stream.running = False
        self._thread.join(5)
        self.udp.close()
        assert not self._thread.is_alive()


@pytest.fixture
def listening():
    listening = Listening()
    yield listening
    listening.stop()


@pytest.fixture
def hub():
    return Datagrams()


def test_packets_are_queued_for_their_time(listening, hub):
    listening.send(hub.state(1_000_000), hub.edge(1_010_000, 1, apply_at=9_000_000), hub.heartbeat(1_020_000))
    listening.wait_until(lambda: listening.stream.accepted == 3)
    assert listening.queue.waiting == 2
    assert listening.stream.apply_until30 == 1_050_000
    assert listening.queue.pop_due(1_029_999) == -1
    assert listening.queue.pop_due(1_030_000) >= 0


@pytest.mark.parametrize("length", [1, 28, 63, 65, 200])
def test_another_length_is_dropped(listening, hub, length):
    listening.send((hub.heartbeat(0) * 4)[:length], hub.heartbeat(0))
    listening.wait_until(lambda: listening.stream.accepted == 1)
    assert listening.stream.bad_packets == 1


def test_another_version_type_or_token_is_dropped(listening, hub):
    version = bytearray(hub.heartbeat(0))
    version[0] = 2
    kind = bytearray(hub.heartbeat(0))
    kind[1] = 9
    payload = bytearray(hub.heartbeat(0))
    payload[2] = 1
    listening.send(version, kind, payload, Datagrams("somebody else's").heartbeat(0), hub.heartbeat(0))
    listening.wait_until(lambda: listening.stream.accepted == 1)
    assert listening.stream.bad_packets == 4


def test_before_a_session_nothing_is_taken(hub):
    stream = Stream(SystemClock(), Receiver(), ApplyQueue())
    stream._packet[:64] = hub.heartbeat(0)
    stream.handle(64, 0)
    assert (stream.accepted, stream.bad_packets) == (0, 1)


def test_an_empty_datagram_costs_the_socket_and_nothing_else(listening, hub):
    address = listening.receiver.address
    listening.stream.listen(*address)  # the same port again when it is opened anew
    listening.wait_until(lambda: listening.receiver.opened == 2)
    listening.udp.sendto(b"", address)
    listening.wait_until(lambda: listening.receiver.opened == 3)
    listening.udp.sendto(hub.heartbeat(0), address)
    listening.wait_until(lambda: listening.stream.accepted == 1)
    assert listening.stream.reopened == 1


def test_loss_reorder_and_duplicates(listening, hub):
    sent = [hub.heartbeat(i) for i in range(10)]
    listening.send(sent[0], sent[1], sent[4], sent[3], sent[4], sent[5])
    listening.wait_until(lambda: listening.stream.accepted == 4)
    assert listening.stream.sequence.lost == 2
    listening.wait_until(lambda: listening.stream.sequence.duplicates == 2)


def test_a_repeated_edge_is_queued_once(listening, hub):
    listening.send(hub.edge(0, 7), hub.edge(0, 7), hub.edge(0, 7))
    listening.wait_until(lambda: listening.stream.duplicate_edges == 2)
    assert listening.queue.waiting == 1


def test_a_new_session_drops_what_waited(listening, hub):
    listening.send(hub.edge(0, 7))
    listening.wait_until(lambda: listening.queue.waiting == 1)
    listening.stream.begin_session("the next session's token")
    listening.send(Datagrams("the next session's token").heartbeat(0))
    listening.wait_until(lambda: listening.stream.sessions == 2)
    listening.wait_until(lambda: listening.stream.accepted == 2)
    assert listening.queue.waiting == 0
    assert listening.stream.sequence.received == 1


def test_an_address_that_is_not_ours_is_waited_out(listening, hub):
    listening.stream.listen("192.0.2.1", 49152)
    time.sleep(0.15)
    listening.stream.listen("127.0.0.1", 0)
    listening.wait_until(lambda: listening.receiver.opened == 2)
    listening.send(hub.heartbeat(0))
    listening.wait_until(lambda: listening.stream.accepted == 1)
