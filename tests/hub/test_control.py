"""The control plane against real sockets: handshake, refusals, takeovers, and peers that misbehave."""

import asyncio

import aiohttp
import pytest
from aiohttp import WSCloseCode

from lightwave import constants, messages, packets
from lightwave_hub import control_session
from lightwave_hub.control_session import Pace
from lightwave_hub.keys import CLOCK, CONTROL, NODES
from lightwave_hub.node import State
from tests.hub.support import EFFECTS, HandClock, Receiver, hello, keepalive, mac


async def test_hello_gets_a_welcome(hub, receiver):
    node = await hub.connect()
    before = hub.app[CLOCK].now_us()
    welcome = messages.parse(await _raw_welcome(node), messages.HUB)
    assert welcome["nodeId"] == 1
    assert welcome["udpPort"] == receiver.address[1]
    assert welcome["epoch"] == hub.app[CLOCK].epoch
    assert before <= welcome["hubEpoch_us"] <= hub.app[CLOCK].now_us()


async def _raw_welcome(node):
    await node.ws.send_json(hello())
    return await node.ws.receive_str()


async def test_the_stream_starts_after_the_welcome_with_the_session_s_token(hub, receiver):
    node = await hub.connect()
    assert receiver.waiting() == []
    welcome = await node.join()
    datagram = await asyncio.wait_for(receiver.next(), 5)
    assert datagram.token_hash == packets.token_hash(welcome["token"])
    assert (datagram.proto, datagram.seq) == (1, 0)


async def test_a_node_becomes_ready_and_is_lost_when_it_leaves(hub, receiver, state_of):
    node = await hub.joined()
    await asyncio.wait_for(receiver.next(), 5)
    await node.send(keepalive(ticks=10))
    await state_of(1, State.READY)
    await node.close()
    await state_of(1, State.LOST)
    assert hub.app[NODES].get(1).reasons == ("connection closed",)


async def test_a_pong_carries_the_hub_s_time(hub):
    node = await hub.joined()
    before = hub.app[CLOCK].now_us()
    pong = await node.ping(seq=17)
    assert (pong["nodeId"], pong["seq"], pong["t1_us"]) == (1, 17, 123)
    assert before <= pong["t2_us"] <= hub.app[CLOCK].now_us()


async def test_catalogue_and_ota_status_are_remembered(hub):
    node = await hub.joined()
    await node.catalog()
    await node.send({"t": "ota_status", "state": "downloading", "pct": 37})
    await node.ping()
    known = hub.app[NODES].get(1)
    assert known.effects == tuple(EFFECTS)
    assert known.ota == {"state": "downloading", "pct": 37}


FIRST = [
    ("{", "bad_json", ""),
    ("[1]", "bad_json", ""),
    (b"\x00\x01", "bad_json", ""),
    ('"' + "x" * 4095 + '"', "too_large", ""),
    ({"t": "dance"}, "bad_type", "t"),
    ({"t": "welcome"}, "bad_type", "t"),
    (keepalive(nodeId=1, token="0" * 32), "bad_type", "t"),
    (hello(mac="aa:bb:cc:dd:ee:ff"), "bad_field", "mac"),
    (hello(topo={"leds": 0, "channels": 2}), "bad_field", "topo.leds"),
    (hello(proto=2), "bad_proto", "proto"),
]


@pytest.mark.parametrize(("raw", "code", "field"), FIRST)
async def test_a_bad_first_message_is_answered_and_closed(hub, raw, code, field):
    node = await hub.connect()
    reject = await node.rejected(raw)
    assert (reject["code"], reject["field"]) == (code, field)
    assert reject["detail"]
    assert await node.close_code() == WSCloseCode.POLICY_VIOLATION
    assert len(hub.app[NODES]) == 0


LATER = [
    ("nonsense", "bad_json", ""),
    (b"\x00", "bad_json", ""),
    ("{" + " " * 4096 + "}", "too_large", ""),
    ({"t": "ts_pong"}, "bad_type", "t"),
    ({"t": "ts_ping", "seq": -1, "t1_us": 0}, "bad_field", "seq"),
    (keepalive(rssi=1), "bad_field", "rssi"),
    (keepalive(nodeId=2), "bad_token", "nodeId"),
    (keepalive(token="0" * 32), "bad_token", "token"),
    (hello(), "already_hello", "t"),
]


@pytest.mark.parametrize(("raw", "code", "field"), LATER)
async def test_a_bad_message_is_answered_and_the_session_goes_on(hub, raw, code, field):
    node = await hub.joined()
    reject = await node.rejected(node.own(raw) if isinstance(raw, dict) else raw)
    assert (reject["code"], reject["field"]) == (code, field)
    await node.ping()
    stats = hub.app[CONTROL].stats
    assert (stats.bad_messages, stats.rejects) == (1, {code: 1})


async def test_the_tenth_bad_message_is_the_last(hub, state_of):
    node = await hub.joined()
    for _ in range(10):
        await node.rejected("nonsense")
    assert await node.close_code() == WSCloseCode.POLICY_VIOLATION
    await state_of(1, State.LOST)


async def test_a_frame_beyond_all_measure_is_cut_off(hub):
    node = await hub.joined()
    await node.ws.send_str("x" * (control_session.FRAME_LIMIT + 1))
    assert await node.close_code() == WSCloseCode.MESSAGE_TOO_BIG


async def test_silence_instead_of_hello_is_closed(hub, monkeypatch):
    monkeypatch.setattr(control_session, "HELLO_TIMEOUT_S", 0.01)
    node = await hub.connect()
    assert await node.close_code() == WSCloseCode.POLICY_VIOLATION
    assert len(hub.app[NODES]) == 0


async def test_a_full_hub_says_so(hub):
    for number in range(1, 5):
        await hub.joined(mac=mac(number))
    late = await hub.connect()
    reject = await late.rejected(hello(mac=mac(5)))
    assert (reject["code"], reject["detail"]) == ("hub_full", "the hub already has 4 nodes, its limit")
    assert await late.close_code() == WSCloseCode.POLICY_VIOLATION


async def test_a_session_that_follows_another_has_its_own_stream(hub, receiver, state_of):
    old = await hub.joined()
    await asyncio.wait_for(receiver.next(), 5)
    await old.close()
    await state_of(1, State.LOST)
    new = await hub.joined()
    assert new.welcome["nodeId"] == old.welcome["nodeId"]
    await new.ping()
    token_hash = packets.token_hash(new.welcome["token"])
    while (datagram := await asyncio.wait_for(receiver.next(), 5)).token_hash != token_hash:
        pass
    assert datagram.seq == 0, "a new session counts anew"
    for _ in range(5):
        assert (await asyncio.wait_for(receiver.next(), 5)).token_hash == token_hash, (
            "the old session's stream has ended"
        )


async def test_nodes_on_other_addresses_each_get_their_own_stream(hub, receiver):
    others = [Receiver(f"127.0.0.{number}", receiver.address[1]) for number in (2, 3)]
    try:
        nodes = [await hub.joined(f"127.0.0.{number}", mac=mac(number)) for number in (2, 3)]
        for node, other in zip(nodes, others, strict=True):
            datagram = await asyncio.wait_for(other.next(), 5)
            assert datagram.token_hash == packets.token_hash(node.welcome["token"])
        assert receiver.waiting() == []
    finally:
        for other in others:
            other.close()


async def test_a_peer_that_dies_in_the_middle_harms_nobody(hub):
    good = await hub.joined(mac=mac(1))
    host, port = hub.url.removeprefix("http://").split(":")
    for garbage in (b"\xff" * 5000, b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n", b""):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(garbage)
        await writer.drain()
        writer.close()
    bad = await hub.joined(mac=mac(2))
    bad.ws._response.connection.transport.abort()  # neither close frame nor FIN
    await good.ping()


async def test_an_exception_of_ours_ends_one_connection_only(hub, monkeypatch, state_of):
    good, bad = await hub.joined(mac=mac(1)), await hub.joined(mac=mac(2))
    table = hub.app[NODES]
    take = table.keepalive

    def fail(node, message):
        if node.mac == mac(2):
            raise RuntimeError("a fault")
        take(node, message)

    monkeypatch.setattr(table, "keepalive", fail)
    await bad.send(keepalive())
    assert await bad.close_code() == WSCloseCode.INTERNAL_ERROR
    await state_of(2, State.LOST)
    await good.send(keepalive(ticks=5))
    await good.ping()
    assert hub.app[CONTROL].stats.failures == 1


async def test_a_lost_node_s_stream_ends(hub, receiver):
    other = Receiver("127.0.0.2", receiver.address[1])
    try:
        lost, stays = await hub.joined(mac=mac(1)), await hub.joined("127.0.0.2", mac=mac(2))
        await asyncio.wait_for(receiver.next(), 5)
        hub.app[NODES].disconnected(hub.app[NODES].get(1))
        assert await lost.close_code() == WSCloseCode.POLICY_VIOLATION
        other.waiting()
        await asyncio.wait_for(other.next(), 5)  # a tick that knows of the loss is over
        await asyncio.wait_for(other.next(), 5)
        receiver.waiting()
        for _ in range(5):
            await asyncio.wait_for(other.next(), 5)
        assert receiver.waiting() == []
        await stays.ping()
    finally:
        other.close()


async def test_a_peer_that_never_reads_is_aborted(hub, monkeypatch):
    node = await hub.joined()
    (session,) = hub.app[CONTROL]._sessions

    async def never(**_):
        await asyncio.Event().wait()

    monkeypatch.setattr(control_session, "CLOSE_TIMEOUT_S", 0.01)
    monkeypatch.setattr(session._socket, "close", never)
    await session.close(WSCloseCode.POLICY_VIOLATION, "late")
    assert (await node.ws.receive()).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


async def test_too_many_connections_are_refused_before_they_cost_anything(hub, monkeypatch):
    monkeypatch.setattr("lightwave_hub.control_ws.SPARE_CONNECTIONS", -4)
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await hub.connect()
    assert caught.value.status == 503


async def test_a_stopping_hub_says_goodbye(hub):
    node = await hub.joined()
    await hub.app[CONTROL].close()
    assert await node.close_code() == WSCloseCode.GOING_AWAY


def test_a_flooding_peer_is_slowed_to_its_rate():
    clock = HandClock()
    pace = Pace(100, lambda: clock.us / 1e6)
    assert [pace.delay_s() for _ in range(100)] == [0.0] * 100, "a burst of one second's worth is fine"
    assert pace.delay_s() == pytest.approx(0.01)
    clock.forward(1.01)
    assert pace.delay_s() == 0.0


async def test_the_frozen_path(hub):
    assert constants.WS_PATH == "/ws"
    async with hub.http.get(f"{hub.url}/ws") as answer:
        assert answer.status == 400
