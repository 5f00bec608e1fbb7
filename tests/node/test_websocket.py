"""The WebSocket client against a server that follows, bends and breaks RFC 6455."""

import re

import pytest
from cpython_hardware import Connection, SystemClock
from websocket_peer import BINARY, CLOSE, PING, PONG, TEXT, Peer, frame

from lightwave_node import kernels
from lightwave_node.websocket import MAX_MESSAGE_BYTES, MAX_SENT_BYTES, WebSocket, WebSocketError


@pytest.fixture
def peer():
    peer = Peer()
    yield peer
    peer.close()


@pytest.fixture
def connect(peer):
    """Open a client to the peer, which answers with the given response."""
    clients = []

    def opener(timeout_ms=2000, **options):
        accepting = peer.accept_in_background(**options)
        connection = Connection("127.0.0.1", "127.0.0.1", peer.port)
        clients.append(connection)
        client = WebSocket(SystemClock(), kernels)
        client.open(connection, f"127.0.0.1:{peer.port}", "/ws", timeout_ms)
        accepting.join()
        return client

    yield opener
    for connection in clients:
        connection.close()


def test_the_request(peer, connect):
    connect()
    assert peer.request.startswith("GET /ws HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{peer.port}\r\n" in peer.request
    assert "Upgrade: websocket\r\n" in peer.request
    assert "Connection: Upgrade\r\n" in peer.request
    assert "Sec-WebSocket-Version: 13\r\n" in peer.request
    assert re.search(r"Sec-WebSocket-Key: [A-Za-z0-9+/]{22}==\r\n", peer.request)


@pytest.mark.parametrize(
    ("response", "detail"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "404"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "did not upgrade"),
        (
            b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: no\r\n\r\n",
            "accept key",
        ),
        (b"x" * 5000, "more than 1024"),
        (b"\xff\xfe\r\n\r\n", "not text"),
    ],
)
def test_a_bad_handshake_is_refused(connect, response, detail):
    with pytest.raises(WebSocketError, match=detail):
        connect(response=response)


def test_a_silent_server_is_given_up(connect):
    with pytest.raises(WebSocketError, match="in time"):
        connect(timeout_ms=100, response=b"HTTP/1.1 101")


def test_a_message_right_behind_the_handshake_is_not_lost(connect):
    client = connect(then=frame(TEXT, b"early"))
    assert client.receive(1000) == "early"


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 2559, MAX_SENT_BYTES])
def test_texts_of_any_length_both_ways(peer, connect, length):
    client = connect()
    text = "".join(chr(33 + i % 90) for i in range(length))
    client.send(text)
    assert peer.read() == (TEXT, text.encode())
    peer.send(frame(TEXT, text.encode()))
    assert client.receive(1000) == text


def test_unicode(peer, connect):
    client = connect()
    client.send("Grüße 🎚")
    assert peer.read() == (TEXT, "Grüße 🎚".encode())
    peer.send(frame(TEXT, "Grüße 🎚".encode()))
    assert client.receive(1000) == "Grüße 🎚"


def test_masks_differ(peer, connect):
    client = connect()
    raw = []
    for _ in range(2):
        client.send("the same")
        raw.append(peer.connection.recv(100))
    assert raw[0][2:6] != raw[1][2:6]


def test_too_long_to_send(connect):
    with pytest.raises(ValueError, match="2560"):
        connect().send("x" * 2561)


def test_the_longest_message_a_hub_may_send(peer, connect):
    client = connect()
    peer.send(frame(TEXT, b"x" * MAX_MESSAGE_BYTES))
    assert client.receive(1000) == "x" * MAX_MESSAGE_BYTES


def test_the_next_connection_knows_nothing_of_the_last(peer, connect):
    client = connect()
    peer.send(frame(TEXT, b"half a mess", final=False) + frame(0, b"age")[:3])
    assert client.receive(50) is None
    client.close()
    accepting = peer.accept_in_background(then=frame(TEXT, b"whole"))
    connection = Connection("127.0.0.1", "127.0.0.1", peer.port)
    client.open(connection, "hub", "/ws", 1000)
    assert client.receive(1000) == "whole"
    accepting.join()
    client.close()


def test_nothing_comes(connect):
    assert connect().receive(20) is None


def test_a_message_in_single_bytes(peer, connect):
    client = connect()
    data = frame(TEXT, b"drop by drop")
    for i in range(len(data)):
        assert client.receive(0) is None
        peer.send(data[i : i + 1])
    assert client.receive(1000) == "drop by drop"


def test_several_messages_in_one_packet(peer, connect):
    client = connect()
    peer.send(frame(TEXT, b"one") + frame(TEXT, b"two") + frame(TEXT, b"three"))
    assert [client.receive(1000) for _ in range(3)] == ["one", "two", "three"]


def test_fragments_with_a_ping_between(peer, connect):
    client = connect()
    peer.send(frame(TEXT, b"in ", final=False) + frame(PING, b"now") + frame(0, b"two ", final=False))
    peer.send(frame(0, b"parts"))
    assert client.receive(1000) == "in two parts"
    assert peer.read() == (PONG, b"now")


def test_the_time_of_a_message_is_that_of_its_first_byte(peer, connect):
    client = connect()
    clock = SystemClock()
    peer.send(frame(TEXT, b"a message")[:4])
    assert client.receive(50) is None
    begun = client.received_at
    peer.send(frame(TEXT, b"a message")[4:])
    assert client.receive(1000) == "a message"
    assert client.received_at == begun
    assert clock.now() - begun >= 40_000


BREACHES = [
    (frame(TEXT, b"x", reserved=0x40), 1002, "reserved"),
    (b"\x81\x81abcd!", 1002, "masked"),
    (frame(BINARY, b"x"), 1003, "not text"),
    (frame(0, b"x"), 1002, "out of order"),
    (frame(TEXT, b"a", final=False) + frame(TEXT, b"b"), 1002, "out of order"),
    (frame(PING, b"x", final=False), 1002, "control"),
    (frame(PING, b"x" * 126), 1002, "control"),
    (frame(11, b"x"), 1002, "control"),
    (frame(3, b"x"), 1003, "not text"),
    (frame(TEXT, b"x" * 4097), 1009, "4096"),
    (frame(TEXT, b"x" * 70000)[:10], 1009, "65535"),
    (frame(TEXT, b"x" * 4000, final=False) + frame(0, b"x" * 97), 1009, "4096"),
    (frame(TEXT, b"\xff\xfe"), 1007, "UTF-8"),
]


@pytest.mark.parametrize(("data", "code", "detail"), BREACHES, ids=[f"{b[1]}-{i}" for i, b in enumerate(BREACHES)])
def test_a_breach_ends_the_connection_with_a_reason(peer, connect, data, code, detail):
    client = connect()
    peer.send(data)
    with pytest.raises(WebSocketError, match=detail) as caught:
        while True:
            client.receive(1000)
    assert caught.value.code == code
    assert peer.read() == (CLOSE, code.to_bytes(2, "big"))


@pytest.mark.parametrize(("payload", "code"), [(b"", 1000), (b"\x03\xf0policy", 1008), (b"\x03\xf0\xff", 1008)])
def test_a_close_is_answered(peer, connect, payload, code):
    client = connect()
    peer.send(frame(CLOSE, payload))
    with pytest.raises(WebSocketError, match=f"closed by the hub: {code}"):
        client.receive(1000)
    assert peer.read() == (CLOSE, code.to_bytes(2, "big"))


def test_a_connection_that_breaks(peer, connect):
    client = connect()
    peer.hang_up()
    with pytest.raises(OSError):
        client.receive(1000)


def test_close_twice_is_harmless(connect):
    client = connect()
    client.close()
    client.close()
