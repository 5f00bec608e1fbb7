"""The event stream: the whole state first, then what changes, in order, bounded, and no listener holding up another."""

import asyncio
import json
import logging
import socket

import aiohttp
import pytest

from lightwave import messages
from lightwave.messages import MessageError
from lightwave_hub import log, previews
from lightwave_hub.api import events
from lightwave_hub.keys import LIVE
from lightwave_hub.live import feed
from lightwave_hub.live.listener import MAX_WAITING, Frame, Listener
from tests.hub.support import EFFECTS, MAC, keepalive, mac

STATE = ["catalog", "nodes", "playing", "tempo", "groups", "scenes", "cues", "schedule", "metrics", "ota", "log"]
WAIT_S = 10
CAPS = {"udp": True, "ota": True, "clock": True, "preview": True}


class Page:
    """A subscriber that remembers what it heard."""

    def __init__(self, socket):
        self.socket = socket
        self.heard = []

    async def next(self):
        message = await asyncio.wait_for(self.socket.receive(), WAIT_S)
        if message.type is aiohttp.WSMsgType.BINARY:
            return {"kind": "preview", "data": message.data}
        assert message.type is aiohttp.WSMsgType.TEXT, message
        event = json.loads(message.data)
        self.heard.append(event)
        return event

    async def until(self, kind, check=lambda event: True):
        while (event := await self.next())["kind"] != kind or not check(event):
            pass
        return event

    async def begin(self):
        """The whole state: by kind, in the order in which it came."""
        return {event["kind"]: event for event in [await self.next() for _ in range(1 + len(STATE))]}


@pytest.fixture
async def subscribe(hub):
    pages = []

    async def subscribe():
        pages.append(Page(await hub.http.ws_connect(f"{hub.url}/api/events")))
        return pages[-1]

    yield subscribe
    for page in pages:
        await page.socket.close()


async def request(hub, method, path, body):
    async with hub.http.request(method, hub.url + path, json=body) as answer:
        assert answer.status < 300, await answer.text()


LOOK = {"channels": {"a": {"effect": "pulse"}}}


async def test_a_page_is_told_the_whole_state_first(hub, subscribe):
    node = await hub.joined()
    await node.catalog()
    await request(hub, "POST", "/api/scenes", {"name": "Dawn", **LOOK})
    state = await (await subscribe()).begin()
    assert list(state) == ["welcome", *STATE]
    assert state["welcome"]["role"] == "admin" and state["welcome"]["name"]
    assert state["catalog"]["effects"] == EFFECTS and state["catalog"]["nodes"] == {}
    assert [node["mac"] for node in state["nodes"]["nodes"]] == [MAC]
    assert "token" not in state["nodes"]["nodes"][0]
    assert [scene["name"] for scene in state["scenes"]["items"]] == ["Dawn"]
    assert state["playing"]["scene"] == await hub.get("/api/scene")
    assert state["tempo"]["bpm"] == 0 and state["tempo"]["beat"]["bpm_x100"] == 0
    assert state["metrics"]["nodes"]["total"] == 1 and state["metrics"]["events"]["subscribers"] == 1
    assert state["ota"] == {"kind": "ota", "releases": [], "rollout": None}


@pytest.mark.parametrize(
    ("path", "body", "kind", "check"),
    [
        ("/api/global/brightness", {"value": 9}, "playing", lambda event: event["scene"]["master"] == 9),
        ("/api/panic", {"on": True}, "playing", lambda event: event["panic"]),
        ("/api/tempo", {"bpm": 99}, "tempo", lambda event: event["bpm"] == 99),
        ("/api/scene", {"effect": "pulse", "channels": "b", "target": {"node": MAC}}, "playing",
         lambda event: event["nodes"][MAC]["channels"]["b"]["effect_name"] == "pulse"),
    ],
)  # fmt: skip
async def test_a_change_is_told_to_every_page(hub, subscribe, path, body, kind, check):
    node = await hub.joined()
    await node.catalog()
    pages = [await subscribe(), await subscribe()]
    for page in pages:
        await page.begin()
    await hub.post(path, body)
    for page in pages:
        await page.until(kind, check)


async def test_edits_are_told_object_by_object_in_their_order(hub, subscribe):
    page = await subscribe()
    await page.begin()
    await request(hub, "POST", "/api/scenes", {"id": "s", "name": "Dawn", **LOOK})
    await request(hub, "PUT", "/api/scenes/s", {"name": "Dusk", **LOOK})
    await request(hub, "DELETE", "/api/scenes/s", None)
    await request(hub, "POST", "/api/undo", {})
    changes = [await page.until("show") for _ in range(4)]
    assert [event["changed"][0]["list"] for event in changes] == ["scenes"] * 4
    names = [event["changed"][0]["item"] and event["changed"][0]["item"]["name"] for event in changes]
    assert names == ["Dawn", "Dusk", None, "Dusk"]
    assert changes[3]["what"] == "undo: delete scene Dusk"
    later = await (await subscribe()).begin()
    assert [scene["name"] for scene in later["scenes"]["items"]] == ["Dusk"]


async def test_an_edit_of_many_objects_is_told_as_a_list(hub, subscribe):
    page = await subscribe()
    await page.begin()
    scenes = [{"id": f"s{i}", "name": f"scene {i}", **LOOK} for i in range(events.MAX_CHANGES + 1)]
    await request(hub, "PUT", "/api/show", {"scenes": scenes})
    event = await page.until("scenes")
    assert [scene["id"] for scene in event["items"]] == [scene["id"] for scene in scenes]


async def test_nodes_and_figures_come_twice_a_second_and_so_does_a_lost_node(hub, subscribe):
    node = await hub.joined()
    page = await subscribe()
    await page.begin()
    await page.until("nodes")
    began_s = asyncio.get_running_loop().time()
    for kind in ("metrics", "nodes", "metrics", "nodes"):
        await page.until(kind)
    assert asyncio.get_running_loop().time() - began_s > 0.7
    await node.close()
    event = await page.until("nodes", lambda event: event["nodes"][0]["state"] == "LOST")
    assert event["nodes"][0]["reason"] == "connection closed"


async def test_a_planned_change_is_told_when_it_happens(hub, subscribe):
    node = await hub.joined()
    await node.catalog()
    page = await subscribe()
    await page.begin()
    now_us = (await hub.get("/api/clock"))["hubNow_us"]
    await hub.post("/api/global/brightness", {"value": 77, "at_us": now_us + 400_000})
    await page.until("playing", lambda event: event["scene"]["master"] == 77)
    assert (await hub.get("/api/clock"))["hubNow_us"] >= now_us + 300_000


async def test_lines_of_the_log_without_secrets(hub, subscribe):
    log.event(log.show_log, logging.WARNING, "before", token="abc", cue=3)
    page = await subscribe()
    before = next(line for line in (await page.begin())["log"]["lines"] if line["text"] == "before")
    assert before["fields"] == {"token": "***", "cue": "3"}
    assert (before["level"], before["area"]) == ("WARNING", "show")
    try:
        raise ValueError("a fault")
    except ValueError:
        log.failure(log.api_log, "after")
    (line,) = (await page.until("log"))["lines"]
    assert (line["text"], line["fields"]["error"]) == ("after", "ValueError: a fault")


async def test_pages_are_told_that_the_hub_stops(hub, subscribe):
    page = await subscribe()
    await page.begin()
    hub.app[LIVE].close()
    while not page.socket.closed:
        await page.socket.receive()
    assert page.socket.close_code == aiohttp.WSCloseCode.GOING_AWAY


async def test_there_may_be_only_so_many(hub, subscribe, monkeypatch):
    monkeypatch.setattr(events, "MAX_LISTENERS", 2)
    await subscribe()
    last = await subscribe()
    async with hub.http.get(f"{hub.url}/api/events") as answer:
        assert answer.status == 503
        assert "2 subscribers" in (await answer.json(content_type=None))["detail"]
    await last.socket.close()
    while True:  # the hub hears of it a moment later
        async with hub.http.get(f"{hub.url}/api/events") as answer:
            if answer.status != 503:
                break
    await (await subscribe()).begin()


@pytest.mark.parametrize("said", ['{"preview": 1}', '{"preview": true, "x": 1}', "[]", "no", "[" * 200])
async def test_a_page_that_says_something_else_is_closed(subscribe, said):
    page = await subscribe()
    await page.begin()
    await page.socket.send_str(said)
    while not page.socket.closed:
        await page.socket.receive()
    assert page.socket.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_a_page_that_takes_nothing_is_closed_and_holds_up_nobody(hub, subscribe, monkeypatch):
    monkeypatch.setattr(events, "STALL_S", 0.5)
    host, port = hub.url.removeprefix("http://").split(":")
    with socket.socket() as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect((host, int(port)))
        stalled.sendall(
            b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + f"Authorization: {hub.http.headers['Authorization']}\r\n".encode()
            + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        page = await subscribe()
        await page.begin()
        assert len(hub.app[LIVE]) == 2
        text = "x" * 400
        while len(hub.app[LIVE]) > 1:
            for _ in range(100):
                log.event(log.show_log, logging.WARNING, text)
            asked_s = asyncio.get_running_loop().time()
            await page.until("log")
            assert asyncio.get_running_loop().time() - asked_s < 0.5


def test_a_newer_state_replaces_one_that_waits_and_additions_stay():
    listener = Listener(Frame("welcome", b""))
    for number in range(3):
        listener.put(Frame("nodes", b"%d" % number))
        listener.put(Frame("log", b"%d" % number, adds=True))
    taken = [asyncio.run(listener.next()) for _ in range(4)]
    assert [(frame.kind, frame.data) for frame in taken] == [
        ("log", b"0"), ("log", b"1"), ("nodes", b"2"), ("log", b"2"),
    ]  # fmt: skip


def test_who_falls_behind_is_closed():
    listener = Listener(Frame("welcome", b""))
    for _ in range(MAX_WAITING):
        listener.put(Frame("log", b"", adds=True))
    assert not listener.closed
    listener.put(Frame("log", b"", adds=True))
    assert listener.closed == "too slow"
    assert asyncio.run(listener.next()) is None


def test_a_page_that_did_not_keep_up_is_counted():
    pages = feed.Feed({}, lambda: False)
    slow, quick = pages.join({}), pages.join({})
    for _ in range(MAX_WAITING + 1):
        slow.put(Frame("log", b"", adds=True))
    pages.leave(slow)
    pages.leave(quick)
    assert (pages.given_up, len(pages)) == (1, 0)


def test_long_lists_are_made_bit_by_bit():
    body = {"items": [{"n": number, "ü": None} for number in range(3 * feed.BATCH + 1)], "x": "y"}
    text = asyncio.run(feed._text_in_batches("scenes", body))
    assert json.loads(text) == {"kind": "scenes", **body}


# ---- previews


def preview(node_id, value, channels=2):
    return bytes((node_id, 0, messages.PREVIEW_VERSION, channels)) + bytes((2, *([value] * 6))) * channels


async def test_nodes_show_their_strips_only_while_somebody_watches(hub, subscribe):
    node = await hub.joined(caps=CAPS)
    page, other = await subscribe(), await subscribe()
    await page.begin()
    await page.socket.send_json({"preview": True})
    order = await asyncio.wait_for(node.ws.receive_json(), WAIT_S)
    assert order == node.own({"t": "preview", "fps": messages.PREVIEW_FPS})
    picture = preview(node.welcome["nodeId"], 77)
    await node.ws.send_bytes(picture)
    assert (await page.until("preview"))["data"] == picture
    await page.socket.close()
    order = await asyncio.wait_for(node.ws.receive_json(), WAIT_S)
    assert order["fps"] == 0
    assert all(event["kind"] != "preview" for event in other.heard)


async def test_a_node_that_knows_no_previews_is_left_alone(hub, subscribe):
    node = await hub.joined()
    page = await subscribe()
    await page.begin()
    await page.socket.send_json({"preview": True})
    for _ in range(3):
        await page.until("nodes")
    await node.ping()  # its answer would not be the first to come if anything had been sent before
    assert (await node.rejected(preview(node.welcome["nodeId"], 1)))["code"] == messages.BAD_JSON


@pytest.mark.parametrize(
    "data", [b"", b"\x01\0\x01", preview(2, 1), preview(1, 1)[:-1], preview(1, 1) + b"x", b"\x01\0\x02\x02" + bytes(14),
             b"\x01\0\x01\x03" + b"\x01abc" * 3, b"\x01\0\x01\x01\x00", b"\x01\0\x01\x01\x3d" + bytes(183)],
)  # fmt: skip
def test_a_bad_preview_is_refused(data):
    previews.check(preview(1, 5), 1)
    previews.check(preview(1, 5, channels=1), 1)
    with pytest.raises(MessageError):
        previews.check(data, 1)


@pytest.mark.parametrize(("nodes", "fps"), [(1, 15), (32, 15), (33, 10), (96, 5), (1000, 1)])
def test_a_large_fleet_is_asked_for_fewer(nodes, fps):
    assert previews.fps_for(nodes) == fps


# ---- who a command is for


async def test_a_scene_for_a_group_or_a_node_leaves_the_others_alone(hub, subscribe):
    nodes = [await hub.joined(mac=mac(number)) for number in (1, 2, 3)]
    for node in nodes:
        await node.catalog()
        await node.send(keepalive())
    await request(hub, "POST", "/api/groups", {"id": "g", "name": "G", "nodes": [mac(1), mac(2)]})
    await hub.post("/api/scene", {"effect": "pulse", "target": {"group": "g"}})
    page = await subscribe()
    playing = (await page.begin())["playing"]
    assert set(playing["nodes"]) == {mac(1), mac(2)}
    assert playing["scene"]["channels"]["a"]["effect_name"] == "solid"
    for target in ({"group": "none"}, {"node": mac(9)}):
        problem = await hub.refused("/api/scene", {"effect": "pulse", "target": target})
        assert (problem["status"], problem["field"]) == (400, f"target.{next(iter(target))}")
