"""REST of the show: its objects, its history, and playing what is stored."""

import asyncio
import io
import json

import pytest

from lightwave_hub.keys import CONDUCTOR, SHOW
from tests.hub.support import MAC, mac

LOOK = {"effect": "pulse", "palette": "ocean", "brightness": 200}


@pytest.fixture
async def node(hub):
    node = await hub.joined()
    await node.catalog()
    return node


@pytest.fixture
def ask(hub):
    """Any request: the status and the answer."""

    async def ask(method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        async with hub.http.request(method, hub.url + path, data=data) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    return ask


def scene(name, **changes):
    return {"name": name, "channels": {"a": LOOK}} | changes


OBJECTS = [
    ("/api/groups", {"name": "Left", "nodes": [MAC]}, {"name": "Right", "nodes": []}),
    ("/api/scenes", scene("Dawn"), scene("Dusk", fade_ms=500)),
    ("/api/cues", {"name": "Evening"}, {"name": "Night", "cues": []}),
    (
        "/api/schedule",
        {"name": "Daily", "days": ["mon", "sun"], "time": "20:00", "action": {"blackout": True}},
        {"name": "Weekly", "enabled": False, "days": ["fri"], "time": "07:05", "action": {"master": 9}},
    ),
]


@pytest.mark.parametrize(("path", "first", "second"), OBJECTS)
async def test_an_object_is_created_listed_replaced_and_deleted(hub, ask, path, first, second):
    async with hub.http.post(hub.url + path, json=first) as answer:
        assert answer.status == 201
        made = await answer.json()
        assert answer.headers["Location"] == f"{path}/{made['id']}"
    assert made["id"] == first["name"].lower()
    one = f"{path}/{made['id']}"
    assert await ask("GET", one) == (200, made)
    assert (await ask("GET", path))[1]["items"] == [made]
    assert first.items() <= made.items()
    status, problem = await ask("POST", path, first)
    assert (status, problem["field"]) == (409, "name")
    status, replaced = await ask("PUT", one, second)
    assert (status, replaced["id"]) == (200, made["id"])
    assert second.items() <= replaced.items()
    assert await ask("DELETE", one) == (204, None)
    for method, body in (("GET", None), ("PUT", second), ("DELETE", None)):
        status, problem = await ask(method, one, body)
        assert (status, problem["field"]) == (404, "id")


REFUSED = [
    ("/api/scenes", {"name": "x"}, "channels", "is missing"),
    ("/api/scenes", scene(""), "name", "1..48 characters"),
    ("/api/scenes", scene("x" * 49), "name", "1..48 characters"),
    ("/api/scenes", scene("x", id="a b"), "id", "letters, digits, - and _"),
    ("/api/scenes", scene("x", channels={}), "channels", "a, b or both"),
    ("/api/scenes", scene("x", channels={"a": LOOK | {"hue": 256}}), "channels.a.hue", "0..255"),
    ("/api/scenes", scene("x", channels={"a": {"hue": 2}}), "channels.a.effect", "is missing"),
    ("/api/scenes", scene("x", fade_ms=10001), "fade_ms", "0..10000"),
    ("/api/scenes", scene("x", target={"group": "g", "node": MAC}), "target.node", "give one of group, node"),
    ("/api/scenes", scene("x", target={"group": "none"}), "target.group", "there is no group 'none'"),
    ("/api/groups", {"name": "x", "nodes": ["aa"]}, "nodes[0]", "AA:BB:CC:DD:EE:FF"),
    ("/api/groups", {"name": "x", "nodes": [MAC, MAC]}, "nodes", "a node twice"),
    ("/api/cues", {"name": "x", "cues": [{"scene": "none"}]}, "cues[0].scene", "there is no scene 'none'"),
    ("/api/cues", {"name": "x", "cues": [{}] * 501}, "cues", "0..500"),
    ("/api/cues", {"name": "x", "cues": [{"scene": "s", "trigger": {"kind": "x"}}]}, "cues[0].trigger.kind", "follow"),
    (
        "/api/cues",
        {"name": "x", "cues": [{"scene": "s", "trigger": {"kind": "bars", "bars": 65}}]},
        "cues[0].trigger.bars",
        "1..64",
    ),
    ("/api/schedule", {"name": "x", "days": [], "time": "1", "action": {}}, "days", "1..7"),
    ("/api/schedule", {"name": "x", "days": ["mon"], "time": "24:00", "action": {"master": 1}}, "time", "23:59"),
    ("/api/schedule", {"name": "x", "days": ["mon"], "time": "12:00", "action": {}}, "action", "give one of"),
    ("/api/panic", {}, "on", "is missing"),
]


@pytest.mark.parametrize(("path", "body", "field", "detail"), REFUSED)
async def test_a_bad_object_names_field_and_limit(hub, path, body, field, detail):
    problem = await hub.refused(path, body)
    assert (problem["status"], problem["field"]) == (400, field)
    assert detail in problem["detail"]


async def test_what_another_object_needs_cannot_be_deleted(ask):
    await ask("POST", "/api/scenes", scene("Dawn"))
    await ask("POST", "/api/cues", {"name": "Evening", "cues": [{"scene": "dawn"}]})
    status, problem = await ask("DELETE", "/api/scenes/dawn")
    assert (status, "cue list 'Evening'" in problem["detail"]) == (409, True)


async def test_edits_are_undone_redone_exported_and_imported(ask):
    _, empty = await ask("GET", "/api/show")
    await ask("POST", "/api/scenes", scene("Dawn"))
    await ask("PUT", "/api/scenes/dawn", scene("Dawn", fade_ms=7))
    _, show = await ask("GET", "/api/show")
    status, undone = await ask("POST", "/api/undo")
    assert (status, undone["what"], undone["undo"], undone["redo"]) == (200, "change scene Dawn", 1, 1)
    assert undone["changed"] == [{"kind": "scene", "id": "dawn", "deleted": False}]
    assert (await ask("POST", "/api/redo"))[0] == 200
    assert (await ask("POST", "/api/redo"))[0] == 409
    assert await ask("GET", "/api/show") == (200, show)
    assert (await ask("PUT", "/api/show", empty))[0] == 200
    assert await ask("GET", "/api/show") == (200, empty)
    assert (await ask("PUT", "/api/show", show))[0] == 200
    assert await ask("GET", "/api/show") == (200, show)
    wrong = show | {"cues": [{"id": "x", "name": "x", "cues": [{"scene": "none"}]}]}
    status, problem = await ask("PUT", "/api/show", wrong)
    assert (status, problem["field"]) == (400, "cues[0].cues[0].scene")
    assert await ask("GET", "/api/show") == (200, show)
    status, problem = await ask("PUT", "/api/show", {"scenes": [scene("x")]})
    assert (status, problem["field"], problem["detail"]) == (400, "scenes[0].id", "is missing")
    assert (await ask("GET", "/api/show/history"))[1]["undo"] == 4


async def test_an_import_may_be_larger_than_other_bodies_but_not_endless(hub, ask):
    scenes = [scene(f"scene {number}", id=f"s{number}") for number in range(1000)]
    assert len(json.dumps(scenes)) > 65536
    assert (await ask("PUT", "/api/show", {"scenes": scenes}))[0] == 200
    status, problem = await ask("POST", "/api/scenes", scene("one more"))
    assert (status, "already 1000" in problem["detail"]) == (409, True)
    async with hub.http.put(f"{hub.url}/api/show", data=io.BytesIO(b" " * (9 << 20))) as answer:
        assert answer.status == 413


async def test_a_scene_plays_on_its_nodes_with_both_looks_in_one_moment(hub, ask, node, receiver):
    other = await hub.joined(mac=mac(2))
    await other.catalog()
    looks = {"a": LOOK, "b": {"effect": "spectrum", "mirror": True}}
    await ask("POST", "/api/groups", {"name": "Left", "nodes": [MAC]})
    await ask("POST", "/api/scenes", scene("Dawn", channels=looks, target={"group": "left"}))
    status, played = await ask("POST", "/api/scenes/dawn/play")
    assert (status, len(played["edges"])) == (200, 2)
    planned = (await ask("GET", "/api/edges"))[1]["planned"]
    assert len({edge["applyAt_us"] for edge in planned}) <= 1
    assert (await ask("GET", "/api/playing"))[1]["scenes"] == ["dawn"]
    conductor = hub.app[CONDUCTOR]
    while conductor.wanted_by(MAC).a.effect != 1:
        await asyncio.wait_for(receiver.next(), 5)
    mine, others = conductor.wanted_by(MAC), conductor.wanted_by(mac(2))
    assert (mine.a.palette, mine.a.brightness, mine.b.effect) == (1, 200, 2)
    assert (others.a.effect, others.b.effect) == (0, 0)
    status, problem = await ask("POST", "/api/scenes/none/play")
    assert (status, problem["field"]) == (404, "id")


async def test_a_scene_may_name_what_no_node_has_but_cannot_play_then(ask, node):
    _, made = await ask("POST", "/api/scenes", scene("Later", channels={"a": {"effect": "comet"}}))
    assert made["missing"] == ["comet"]
    status, problem = await ask("POST", "/api/scenes/later/play")
    assert (status, problem["field"], "pulse" in problem["detail"]) == (400, "effect", True)


async def test_one_channel_of_one_node_is_set_and_read(hub, ask, node):
    await ask("POST", "/api/global/brightness", {"value": 100})
    path = f"/api/nodes/{MAC}/channels/a"
    assert (await ask("POST", f"{path}/brightness", {"value": 200}))[1]["effective"] == 78
    for name, value, after in (
        ("speed", 9, 9),
        ("palette", "ocean", 1),
        ("effect", "spectrum", 2),
        ("enabled", False, False),
    ):
        status, answer = await ask("POST", f"{path}/{name}", {"value": value})
        assert (status, answer["value"], len(answer["edges"])) == (200, after, 1)
        assert (await ask("GET", f"/api/nodes/1/channels/a/{name}"))[1]["value"] == after
    assert await ask("GET", f"{path}/brightness") == (200, {"value": 200, "effective": 78})
    assert (await ask("GET", f"{path}/effect"))[1]["name"] == "spectrum"
    assert await ask("GET", "/api/nodes/1/channels/b/speed") == (200, {"value": 128})
    assert hub.app[CONDUCTOR].wanted.a.speed == 128, "others play on as they did"
    for bad, field in (({"value": 256}, "value"), ({"value": 1, "quantise": "bar"}, "quantise"), ({}, "value")):
        problem = await hub.refused(f"{path}/speed", bad)
        assert problem["field"] == field
    assert (await ask("GET", f"/api/nodes/{mac(9)}/channels/a/speed"))[0] == 404
    assert (await ask("GET", "/api/nodes/1/channels/c/speed"))[0] == 404


async def test_a_node_has_a_name_and_a_disabled_one_stays_dark(hub, ask, node):
    path = f"/api/show/nodes/{MAC}"
    assert (await ask("PATCH", path, {"name": "Bar", "order": 3}))[1] == {
        "mac": MAC, "name": "Bar", "order": 3, "enabled": True,
    }  # fmt: skip
    assert (await ask("PATCH", path, {"enabled": False}))[1]["name"] == "Bar"
    known = (await ask("GET", "/api/nodes/1"))[1]
    assert (known["name"], known["order"], known["enabled"]) == ("Bar", 3, False)
    assert hub.app[CONDUCTOR]._dark == {MAC}
    await ask("POST", "/api/undo")
    assert hub.app[CONDUCTOR]._dark == set()
    assert (await ask("GET", "/api/show/nodes"))[1]["items"][0]["enabled"] is True
    assert (await ask("PATCH", path, {}))[1]["detail"] == "give a name, an order or enabled"
    assert (await ask("PATCH", "/api/show/nodes/x", {"order": 1}))[0] == 400
    assert (await ask("DELETE", path))[0] == 204


async def test_panic_is_dark_until_it_is_released(hub, ask, node):
    await ask("POST", "/api/scenes", scene("Dawn"))
    await ask("POST", "/api/cues", {"name": "x", "cues": [{"scene": "dawn"}]})
    await ask("POST", "/api/cues/x/go")
    await ask("POST", "/api/tempo", {"bpm": 120})
    await ask("POST", "/api/global/blackout", {"on": False, "quantise": 64})
    assert (await ask("POST", "/api/panic", {"on": True})) == (200, {"on": True})
    assert (await ask("GET", "/api/edges"))[1]["planned"] == [], "nothing ends it by itself"
    assert (await ask("GET", "/api/global/blackout"))[1]["on"] is True
    assert (await ask("GET", "/api/playing"))[1]["lists"] == []
    for path, body in (("/api/cues/x/go", None), ("/api/global/blackout", {"on": False})):
        status, problem = await ask("POST", path, body)
        assert (status, "panic" in problem["detail"]) == (409, True)
    await ask("POST", "/api/panic", {"on": False})
    assert (await ask("GET", "/api/global/blackout"))[1]["on"] is False


async def test_an_edit_that_cannot_be_saved_is_a_507(hub, ask):
    store = hub.app[SHOW].store
    await store._in_thread(store._database._connection.execute, "PRAGMA max_page_count=1")
    for number in range(50):
        status, problem = await ask("POST", "/api/scenes", scene(f"{number}"))
        if status != 201:
            break
    assert (status, "the disk is full" in problem["detail"]) == (507, True)
    await store._in_thread(store._database._connection.execute, "PRAGMA max_page_count=100000")
    assert len((await ask("GET", "/api/scenes"))[1]["items"]) == number
