"""The control plane against a scripted hub over real sockets: session, time lock, reconnects, refusals."""

import json
import socket
import threading
import time

import pytest
from cpython_hardware import Connection, Receiver, Station, SystemClock, TimeSocket, UpdatePort
from node_support import Node
from websocket_peer import BINARY, CLOSE, TEXT, Peer, frame

from lightwave import messages, packets
from lightwave.apply_queue import ApplyQueue
from lightwave.timesync import TimeSync
from lightwave_node import kernels, session
from lightwave_node.black_box import BlackBox
from lightwave_node.control import Control
from lightwave_node.preview import Preview
from lightwave_node.session import _PING
from lightwave_node.stream import Stream
from lightwave_node.telemetry import Telemetry
from lightwave_node.time_pings import TimePings
from lightwave_node.updates import Updates

TOKEN = "0123456789abcdef"
NODE_ID = 3
WAIT_S = 10


class Hub:
    """Welcomes a node and answers its pings; keeps what it says. A test scripts the rest."""

    def __init__(self, offset_us=5_000_000_000, epoch=7):
        self.peer = Peer()
        self.offset_us = offset_us
        self.epoch = epoch
        self.said = []
        self.news = threading.Condition()
        self.answers_pings = True
        self.first_answer = None  # instead of a welcome
        self.time_port = None
        self.previews = []

    def welcome(self, node_id=NODE_ID):
        return messages.build(
            "welcome",
            proto=1,
            nodeId=node_id,
            token=TOKEN,
            udpPort=49152,
            hubEpoch_us=self.now(),
            epoch=self.epoch,
            **({} if self.time_port is None else {"tsUdpPort": self.time_port}),
        )

    def now(self):
        return time.monotonic_ns() // 1000 + self.offset_us

    def serve(self):
        """One connection from its beginning to its end, in a thread of its own."""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        try:
            connection = self.peer.accept().connection
        except OSError:  # the test is over
            return
        try:
            while (heard := self.peer.read()) is not None and heard[0] in (TEXT, BINARY):
                if heard[0] == TEXT:
                    self._hear(heard[1])
                else:
                    self._see(heard[1])
        except (OSError, AttributeError):  # the test has closed the connection
            pass
        finally:
            connection.close()

    def _hear(self, text):
        message = messages.parse(text, messages.NODE)
        if message["t"] == "hello":
            self.say(self.first_answer or self.welcome())
        elif message["t"] == "ts_ping" and self.answers_pings:
            pong = {"t": "ts_pong", "nodeId": NODE_ID, "seq": message["seq"], "t1_us": message["t1_us"]}
            self.say(json.dumps({**pong, "t2_us": self.now()}))
        with self.news:
            self.said.append(message)
            self.news.notify_all()

    def _see(self, data):
        with self.news:
            self.previews.append((time.monotonic(), data))
            self.news.notify_all()

    def wait_for_previews(self, count):
        """When they came, and what is in them."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.previews) >= count, WAIT_S), f"{len(self.previews)} previews"
            return list(self.previews)

    def say(self, text):
        self.peer.send(frame(TEXT, text.encode()))

    def wait_for(self, t, check=lambda message: True):
        """The first message of that type, said or to come, that passes the check."""

        def found():
            return next((message for message in self.said if message["t"] == t and check(message)), None)

        with self.news:
            assert self.news.wait_for(found, WAIT_S), f"no such {t}: {self.said[-3:]}"
            return found()


class Config:
    ssid = "test"
    join_key = ""
    hub_host = "127.0.0.1"
    hub_port = 0
    update_key = ""
    board = "K1_S3"
    fps = 120
    trial_s = 30
    records_enabled = True
    records_path = "/nowhere"
    records_limit_mb = 0  # in RAM alone
    records_max_age_s = 60


class Party:
    """A node's control plane in a thread, and its hub."""

    def __init__(self):
        self.hub = Hub()
        self.node = Node()
        clock = SystemClock()
        self.timesync = TimeSync()
        queue = ApplyQueue()
        self.station = Station()
        self.stream = Stream(clock, Receiver(), queue)
        self.node.fallback.mode = 0
        self.telemetry = Telemetry(
            clock, self.timesync, self.stream, queue, self.node.renderer, self.node.fallback, self.node.leds,
            self.node.audio, lambda: 100_000, False,
        )  # fmt: skip
        config = Config()
        config.hub_port = self.hub.peer.port
        self.black_box = BlackBox(config, clock, self.telemetry.line, self.telemetry.sound, lambda: 7)
        identity = {
            "mac": self.station.mac(),
            "fw": "0.1.0",
            "caps": {"udp": True, "ota": False, "clock": True},
            "topo": {"leds": 16, "channels": 2},
        }
        catalog = {"effects": ["solid"], "palettes": ["hue"]}
        self.failure = None
        updates = Updates(
            config, clock, UpdatePort(), Connection, self.station, self.timesync, self.telemetry, self.node.fallback
        )
        self.control = Control(
            config, clock, kernels, self.station, Connection, self.timesync,
            TimePings(clock, self.timesync, TimeSocket(), config.hub_host), self.stream, self.telemetry, identity,
            catalog, self._check, updates, self.black_box, Preview(clock, kernels, self.node.strips),
        )  # fmt: skip
        self._thread = threading.Thread(target=self._run)

    def _check(self):
        if self.failure is not None:
            raise self.failure

    def _run(self):
        try:
            self.control.run()
        except RuntimeError as error:
            self.ended_by = error

    def start(self):
        self.hub.serve()
        self._thread.start()

    def stop(self):
        self.control.running = False
        if self._thread.is_alive():
            self._thread.join(WAIT_S)
        self.hub.peer.close()
        assert not self._thread.is_alive()


@pytest.fixture
def party():
    party = Party()
    yield party
    party.stop()


def wait_until(check):
    end = time.monotonic() + WAIT_S
    while not check():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_session(party, capsys):
    party.start()
    hello = party.hub.wait_for("hello")
    assert hello["proto"] == 1 and hello["topo"] == {"leds": 16, "channels": 2}
    catalog = party.hub.wait_for("catalog")
    assert (catalog["nodeId"], catalog["token"], catalog["effects"]) == (NODE_ID, TOKEN, ["solid"])
    keepalive = party.hub.wait_for("ka", lambda ka: ka["locked"])
    assert keepalive["state"] == "ready"
    assert keepalive["rssi"] == -50
    assert keepalive["heap_free"] == 100_000
    assert set(keepalive["stats"]) >= {"late", "applied", "lock_ms", "start_us_p99", "audio_us_p50", "reconnects"}
    assert 100 < keepalive["stats"]["lock_ms"] < 3000
    assert party.stream._new_hash == packets.token_hash(TOKEN)
    printed = capsys.readouterr().out
    assert "[CTRL] welcome node 3" in printed
    assert "[SYNC] locked in " in printed


def test_the_offset_is_the_clocks_difference(party):
    party.start()
    party.hub.wait_for("ka", lambda ka: ka["locked"])
    expected = -party.hub.offset_us % (1 << 30)
    assert abs(party.timesync.offset - expected) < 2000
    assert party.timesync.anchor_hub30 >= 0


def test_keepalives_come_each_second_and_at_once_on_a_change(party):
    party.start()
    first = party.hub.wait_for("ka")
    assert (first["state"], first["locked"]) == ("syncing", False)
    party.hub.wait_for("ka", lambda ka: ka["locked"])
    party.node.fallback.entered = 1
    party.node.fallback.mode = 1
    changed = time.monotonic()
    party.hub.wait_for("ka", lambda ka: ka["state"] == "fallback")
    assert time.monotonic() - changed < 0.5


def test_the_ping_is_what_build_makes():
    text = messages.build("ts_ping", nodeId=NODE_ID, token=TOKEN, seq=17, t1_us=123)
    assert text == _PING % (NODE_ID, TOKEN, 17, 123)


def test_an_update_is_answered(party):
    party.start()
    party.hub.wait_for("catalog")
    update = {"version": "2.0.0", "url": "http://127.0.0.1/x.bin", "sha256": "0" * 64}
    party.hub.say(messages.build("ota_update", nodeId=NODE_ID, token="another-sessions-token", **update))
    party.hub.say(messages.build("ota_update", nodeId=NODE_ID, token=TOKEN, **update))
    status = party.hub.wait_for("ota_status")
    assert status["state"] == "failed"
    assert status["detail"] == "update_key: config.json has none, so nothing can be trusted"
    assert party.telemetry.bad_messages == 1


@pytest.mark.parametrize(
    "text", ["{", '{"t":"nonsense"}', '{"t":"ts_pong","nodeId":3,"seq":"x"}', '{"t":"ka"}', "[]", "\u0000"]
)
def test_a_bad_message_is_counted_and_the_session_goes_on(party, text):
    party.start()
    party.hub.wait_for("catalog")
    party.hub.say(text)
    party.hub.wait_for("ka", lambda ka: ka["locked"])
    assert party.telemetry.bad_messages == 1


def test_a_reject_in_session_is_told(party, capsys):
    party.start()
    party.hub.wait_for("catalog")
    party.hub.say(messages.build("reject", code="bad_field", field="rssi", detail="must be -127..0"))
    wait_until(lambda: party.telemetry.bad_messages == 1)
    assert "rejects: bad_field rssi" in capsys.readouterr().out


def test_a_refused_hello_is_told_and_tried_again(party, capsys):
    party.hub.first_answer = messages.build("reject", code="hub_full", field="", detail="64 nodes are enough")
    party.start()
    party.hub.wait_for("hello")
    wait_until(lambda: "refused us: hub_full" in capsys.readouterr().out)
    party.hub.peer.hang_up()
    party.hub.first_answer = None
    party.hub.serve()
    party.hub.wait_for("catalog")


def test_a_hub_that_returns_is_found_within_two_seconds(party):
    party.start()
    party.hub.wait_for("ka", lambda ka: ka["locked"])
    party.hub.peer.hang_up()
    time.sleep(1)
    party.hub.said.clear()
    party.hub.epoch = 8
    party.hub.offset_us = 77_000_000  # it was restarted: another clock
    back = time.monotonic()
    party.hub.serve()
    party.hub.wait_for("ka", lambda ka: ka["locked"])
    assert time.monotonic() - back < 2
    assert abs(party.timesync.offset - (-77_000_000 % (1 << 30))) < 2000
    assert party.telemetry.sessions == 2


def test_a_lost_access_point_ends_the_session_and_is_rejoined(party, capsys):
    party.start()
    party.hub.wait_for("catalog")
    party.station.joined = False
    wait_until(lambda: party.station.connects > 0)
    assert not party.timesync.locked
    party.hub.said.clear()
    party.hub.serve()
    party.station.joined = True
    party.hub.wait_for("catalog")
    printed = capsys.readouterr().out
    assert "[WIFI] lost test" in printed and "[WIFI] joined test as 127.0.0.1" in printed


def test_a_hub_that_never_answers_by_udp_is_asked_over_the_websocket(party):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        party.hub.time_port = silent.getsockname()[1]
        party.start()
        keepalive = party.hub.wait_for("ka", lambda ka: ka["locked"])
        assert len(silent.recv(100)) == packets.TS_SIZE
    assert keepalive["stats"]["ts_udp"] == 0 and keepalive["stats"]["lock_ms"] < 3000


def test_without_pongs_the_clock_is_in_holdover(party):
    party.start()
    party.hub.wait_for("ka", lambda ka: ka["locked"])
    party.hub.answers_pings = False
    keepalive = party.hub.wait_for("ka", lambda ka: ka["clock"] == "holdover")
    assert keepalive["locked"] and keepalive["clock_reason"] == "no pong"


def test_a_hub_that_falls_silent_without_a_close_is_given_up(party, capsys, monkeypatch):
    monkeypatch.setattr(session, "_SILENCE_US", 1_500_000)
    party.start()
    party.hub.wait_for("ka", lambda ka: ka["locked"])
    party.hub.answers_pings = False
    wait_until(lambda: "the hub has been silent for 1 s" in capsys.readouterr().out)
    party.hub.said.clear()
    party.hub.answers_pings = True
    party.hub.serve()
    party.hub.wait_for("ka", lambda ka: ka["locked"])
    assert party.telemetry.sessions == 2


def test_a_close_by_the_hub_is_told(party, capsys):
    party.start()
    party.hub.wait_for("catalog")
    party.hub.peer.send(frame(CLOSE, b"\x03\xf0bad token"))
    wait_until(lambda: "closed by the hub: 1008 bad token" in capsys.readouterr().out)


def test_a_failure_elsewhere_ends_it(party):
    party.start()
    party.hub.wait_for("catalog")
    party.failure = RuntimeError("a thread has died")
    wait_until(lambda: getattr(party, "ended_by", None) is party.failure)


def preview_order(fps):
    return json.dumps({"t": "preview", "nodeId": NODE_ID, "token": TOKEN, "fps": fps})


def test_previews_come_while_the_hub_wants_them(party):
    wire = party.node.strips[1].wire
    wire[:] = bytes((1, 2, 3)) * 8
    party.start()
    party.hub.wait_for("ka", lambda ka: ka["locked"])
    assert party.hub.previews == []
    party.hub.say(preview_order(15))
    seen = party.hub.wait_for_previews(10)
    strip_a, strip_b = bytes([8]) + bytes(24), bytes([8]) + bytes((2, 1, 3)) * 8
    assert seen[-1][1] == bytes((NODE_ID, 0, messages.PREVIEW_VERSION, 2)) + strip_a + strip_b
    assert seen[9][0] - seen[0][0] > 8 / messages.PREVIEW_FPS  # never more often than that
    party.hub.say(preview_order(0))
    party.hub.said.clear()
    party.hub.wait_for("ka")  # the order has arrived when the second keepalive after it was written
    party.hub.said.clear()
    party.hub.wait_for("ka")
    count = len(party.hub.previews)
    party.hub.said.clear()
    party.hub.wait_for("ka")
    assert len(party.hub.previews) == count


def test_a_hub_that_does_not_read_costs_previews_and_not_the_session(party):
    party.start()
    party.hub.wait_for("ka", lambda ka: ka["locked"])
    socket_of_node = party.control._socket
    refused = []

    class Full:
        """A connection without room for a message that can wait."""

        def __init__(self, connection):
            self._connection = connection

        def is_writable(self):
            refused.append(True)
            return False

        def __getattr__(self, name):
            return getattr(self._connection, name)

    socket_of_node._connection = Full(socket_of_node._connection)
    party.hub.say(preview_order(15))
    wait_until(lambda: len(refused) > 3)
    assert party.hub.previews == []
    party.hub.said.clear()
    party.hub.wait_for("ka")
