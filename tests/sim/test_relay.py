"""The relay with real sockets."""

import contextlib
import csv
import json
import socket
import subprocess
import sys
import time

import pytest

from lightwave_sim import relay
from lightwave_sim.addresses import AddressBlock
from lightwave_sim.air import Weather

WAIT_S = 5.0
UDP_PORT = 49152


class Ends:
    """The hub's and one node's sockets, and a relay process between them."""

    def __init__(self, stack, **options):
        self.block = AddressBlock()
        stack.callback(self.block.release)
        self.relay_ip = self.block.relay(1)
        self.hub = stack.enter_context(self._udp("127.0.0.1", 0))  # streams, and answers pings
        self.time = stack.enter_context(self._udp("127.0.0.1", 0))
        self.control = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.node = stack.enter_context(self._udp(self.block.node(1), UDP_PORT))
        self.control.settimeout(WAIT_S)
        link = relay.Link(
            1, self.relay_ip, self.block.node(1), "127.0.0.1", self.control.getsockname()[1], UDP_PORT,
            self.time.getsockname()[1],
        )  # fmt: skip
        options = {"weather": Weather(), "seed": 1, "trace": None, "record": None, **options}
        command = [sys.executable, "-m", "lightwave_sim.relay", *relay.arguments(**options, links=[link])]
        self.process = stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        stack.callback(self.process.kill)
        assert self.process.stdout.readline() == "relay: ready\n"

    def _udp(self, host, port):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind((host, port))
        udp.settimeout(WAIT_S)
        return udp

    def stream(self, data):
        self.hub.sendto(data, (self.relay_ip, UDP_PORT))

    def end(self):
        said, _ = self.process.communicate("", timeout=WAIT_S)
        return json.loads(said)


@pytest.fixture
def ends():
    with contextlib.ExitStack() as stack:
        yield lambda **options: Ends(stack, **options)


def test_the_stream_comes_down_and_the_relay_tells_how_late_it_was_itself(ends):
    link = ends(weather=Weather(delay_ms=5))
    for number in range(50):
        link.stream(bytes([number]))
    assert [link.node.recv(10) for _ in range(50)] == [bytes([number]) for number in range(50)]
    said = link.end()
    assert said["datagrams"] == 50 and 0 <= said["p50"] <= said["p99"]


def test_pings_go_up_and_pongs_come_down_to_who_asked(ends):
    link = ends()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.bind((link.block.node(1), 0))
        asker.settimeout(WAIT_S)
        asker.sendto(b"ping", (link.relay_ip, link.time.getsockname()[1]))
        data, sender = link.time.recvfrom(10)
        assert data == b"ping"
        link.time.sendto(b"pong", sender)
        assert asker.recv(10) == b"pong"


def test_tcp_passes_both_ways_in_order(ends):
    link = ends(weather=Weather(delay_ms=2, delay_sigma=1))
    with socket.create_connection((link.relay_ip, link.control.getsockname()[1]), WAIT_S) as node:
        hub, _ = link.control.accept()
        with hub:
            hub.settimeout(WAIT_S)
            for number in range(20):
                node.sendall(b"%02d" % number)
            heard = b""
            while len(heard) < 40:
                heard += hub.recv(100)
            assert heard == b"".join(b"%02d" % number for number in range(20))
            hub.sendall(b"back")
            assert node.recv(10) == b"back"


def test_what_it_did_is_recorded(ends, tmp_path):
    path = tmp_path / "air.csv"
    link = ends(weather=Weather(delay_ms=1), record=path)
    link.stream(b"x")
    assert link.node.recv(10) == b"x"
    link.end()
    with path.open() as file:
        assert list(csv.reader(file)) == [["direction", "at_us", "delay_us"], ["down", "0", "1000"]]


def test_a_trace_says_how_late_a_datagram_is(ends, tmp_path):
    path = tmp_path / "air.csv"
    path.write_text("direction,at_us,delay_us\ndown,0,300000\nup,0,0\n")
    link = ends(trace=path)
    sent_s = time.monotonic()
    link.stream(b"x")
    assert link.node.recv(10) == b"x"
    assert time.monotonic() - sent_s >= 0.3


def test_a_trace_says_what_is_lost(ends, tmp_path):
    path = tmp_path / "air.csv"
    path.write_text("direction,at_us,delay_us\ndown,0,\ndown,200000,0\nup,0,0\n")  # 0.2 s are lost, 0.2 s arrive
    link = ends(trace=path)
    link.node.settimeout(0.01)
    sent, arrived = 0, []
    deadline = time.monotonic() + WAIT_S
    while (not arrived or arrived[-1] - arrived[0] < len(arrived) + 5) and time.monotonic() < deadline:
        link.stream(b"%d" % sent)
        sent += 1
        with contextlib.suppress(TimeoutError):
            arrived.append(int(link.node.recv(10)))
    assert time.monotonic() < deadline, f"of {sent} there arrived {arrived}"
