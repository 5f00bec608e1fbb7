"""Who may join: the join key's proofs, both ways, and a MAC that is in use."""

import asyncio
import contextlib

import pytest
from aiohttp import WSCloseCode

from lightwave import join, messages, packets
from lightwave_hub import app, config, control_session, node
from lightwave_hub.control_session import ControlContext
from lightwave_hub.joining import Joining
from lightwave_hub.keys import NODES
from lightwave_hub.node import State
from tests.hub.support import MAC, FakeNode, Hub, hello, keepalive, mac

KEY = "a-join-key-of-this-test"
NONCE = "00112233445566778899aabbccddeeff"


@pytest.fixture
async def locked_hub(receiver, tmp_path):
    """A hub with a join key."""
    sections = {"access": {"enabled": False, "join_key": KEY}, "store": {"path": str(tmp_path / "hub")}}
    stream = {"udp_port": receiver.address[1], "time_port": 0}
    hub = Hub(app.build(config.from_dict({"stream": stream, **sections}), "127.0.0.1"))
    await hub.start()
    yield hub
    await hub.stop()


async def challenged(hub, **changes):
    """A node that has said hello, and the hub's challenge, whose proof is checked."""
    node = await hub.connect()
    message = hello(nonce=NONCE, **changes)
    await node.ws.send_json(message)
    challenge = messages.parse(await node.ws.receive_str(), messages.HUB)
    assert challenge["proof"] == join.hub_proof(KEY, message["mac"], NONCE, challenge["nonce"])
    return node, challenge


async def proved(hub, **changes):
    node, challenge = await challenged(hub, **changes)
    proof = join.node_proof(KEY, changes.get("mac", MAC), NONCE, challenge["nonce"])
    await node.ws.send_json({"t": "proof", "proof": proof})
    node.welcome = await node.ws.receive_json()
    assert node.welcome["t"] == "welcome", node.welcome
    return node


@contextlib.asynccontextmanager
async def attentive(node: FakeNode):
    """The node reads what comes, and so answers pings, as a node's own loop does."""

    async def read():
        async for _ in node.ws:
            pass

    task = asyncio.create_task(read())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def when_asked(monkeypatch):
    """An event: the hub has asked an older session whether its node is still there."""
    asked = asyncio.Event()
    ask = control_session.Session.lives

    async def noted(session):
        asked.set()
        return await ask(session)

    monkeypatch.setattr(control_session.Session, "lives", noted)
    return asked


# ---- the join key


async def test_a_node_with_the_key_is_welcomed_after_both_proofs(locked_hub):
    node = await proved(locked_hub)
    await node.ping()


async def test_each_challenge_is_a_new_one(locked_hub):
    (_, first), (_, second) = await challenged(locked_hub), await challenged(locked_hub)
    assert first["nonce"] != second["nonce"]


async def test_a_node_without_a_key_is_refused_and_told_why(locked_hub):
    node = await locked_hub.connect()
    reject = await node.rejected(hello())
    assert (reject["code"], reject["field"]) == ("join_key_missing", "nonce")
    assert await node.close_code() == WSCloseCode.POLICY_VIOLATION
    assert len(locked_hub.app[NODES]) == 0


async def test_a_hub_without_a_key_tells_a_node_with_one(hub):
    node = await hub.connect()
    reject = await node.rejected(hello(nonce=NONCE))
    assert (reject["code"], reject["detail"]) == ("join_key_unknown", "the node has a join key and this hub has none")
    assert await node.close_code() == WSCloseCode.POLICY_VIOLATION


WRONG_PROOFS = {  # of the hub's nonce
    "of another key": lambda theirs: join.node_proof(KEY + "!", MAC, NONCE, theirs),
    "of another node": lambda theirs: join.node_proof(KEY, mac(9), NONCE, theirs),
    "of another hello": lambda theirs: join.node_proof(KEY, MAC, NONCE[::-1], theirs),
    "of another challenge": lambda theirs: join.node_proof(KEY, MAC, NONCE, NONCE),
    "nonces in the other order": lambda theirs: join.node_proof(KEY, MAC, theirs, NONCE),
    "the hub's own, given back": lambda theirs: join.hub_proof(KEY, MAC, NONCE, theirs),
}


@pytest.mark.parametrize("make", list(WRONG_PROOFS.values()), ids=list(WRONG_PROOFS))
async def test_a_wrong_proof_is_the_last_message(locked_hub, make):
    node, challenge = await challenged(locked_hub)
    reject = await node.rejected({"t": "proof", "proof": make(challenge["nonce"])})
    assert reject["code"] == "join_key_wrong"
    assert await node.close_code() == WSCloseCode.POLICY_VIOLATION
    assert len(locked_hub.app[NODES]) == 0


async def test_a_challenged_node_can_say_nothing_but_its_proof(locked_hub):
    node, _ = await challenged(locked_hub)
    reject = await node.rejected(hello(nonce=NONCE))
    assert (reject["code"], reject["field"]) == ("bad_type", "t")
    assert await node.close_code() == WSCloseCode.POLICY_VIOLATION


async def test_silence_instead_of_a_proof_is_closed(locked_hub, monkeypatch):
    monkeypatch.setattr(control_session, "HELLO_TIMEOUT_S", 0.05)
    node, _ = await challenged(locked_hub)
    assert await node.close_code() == WSCloseCode.POLICY_VIOLATION


def test_the_key_is_in_no_repr():
    section = config.from_dict({"access": {"join_key": KEY}})
    context = ControlContext(None, None, None, None, None, 1, 1, KEY)
    assert context.join_key == KEY
    assert all(KEY not in repr(each) for each in (section, section.access, context, Joining(KEY)))


# ---- a MAC in use


async def test_nobody_pushes_out_a_node_that_answers(hub, receiver):
    old = await hub.joined()
    async with attentive(old):
        spoofer = await hub.connect()
        reject = await spoofer.rejected(hello())
        assert (reject["code"], reject["field"]) == ("mac_taken", "mac")
        assert await spoofer.close_code() == WSCloseCode.POLICY_VIOLATION
    assert hub.app[NODES].get(1).sessions == 1
    receiver.waiting()
    datagram = await asyncio.wait_for(receiver.next(), 5)
    assert datagram.token_hash == packets.token_hash(old.welcome["token"])


async def test_a_node_that_lost_its_power_is_back_when_its_keepalives_are_overdue(hub, monkeypatch):
    """Its old connection hangs in the air: no answer, and no end."""
    monkeypatch.setattr(node, "TIMEOUT_US", 400_000)
    monkeypatch.setattr("lightwave_hub.registry.MISSED_KEEPALIVE_US", 0)
    await hub.joined()
    back = await asyncio.wait_for(hub.joined(), 2)
    assert back.welcome["nodeId"] == 1
    await back.ping()
    assert hub.app[NODES].get(1).sessions == 2


async def test_a_node_whose_old_connection_ends_is_back_at_once(hub, monkeypatch):
    old = await hub.joined()
    asked = when_asked(monkeypatch)
    waiting = asyncio.create_task(hub.joined())
    await asyncio.wait_for(asked.wait(), 5)
    old.ws._response.connection.transport.abort()  # as the reset that a rebooted node answers to a ping
    back = await asyncio.wait_for(waiting, 1)
    await back.ping()


async def test_keepalives_prove_life_where_pings_are_not_answered(hub, monkeypatch):
    monkeypatch.setattr(control_session, "PROBE_TIMEOUT_S", 0.2)
    old = await hub.joined()
    await old.send(keepalive(ticks=1))
    spoofer = await hub.connect()
    assert (await spoofer.rejected(hello()))["code"] == "mac_taken"


async def test_a_newcomer_who_has_left_takes_no_place(hub, state_of, monkeypatch):
    old = await hub.joined()
    asked = when_asked(monkeypatch)
    impatient = await hub.connect()
    await impatient.ws.send_json(hello())
    await asyncio.wait_for(asked.wait(), 5)
    impatient.ws._response.connection.transport.abort()
    old.ws._response.connection.transport.abort()
    await state_of(1, State.LOST)
    back = await hub.joined()
    await back.ping()
    assert hub.app[NODES].get(1).sessions == 2


async def test_a_node_that_proved_the_join_key_takes_its_place_at_once(locked_hub):
    old = await proved(locked_hub)
    async with attentive(old):
        back = await asyncio.wait_for(proved(locked_hub), 1)
        assert back.welcome["nodeId"] == old.welcome["nodeId"]
    assert old.ws.close_code == WSCloseCode.POLICY_VIOLATION
