"""REST: what it answers, what it refuses and how, and that what it accepts reaches the stream."""

import asyncio

import pytest

from lightwave import packets
from lightwave.constants import APPLY_AHEAD_US
from lightwave_hub.keys import CONDUCTOR, FANOUT
from lightwave_hub.node import State
from lightwave_hub.part import MAX_WAITING
from tests.hub.support import EFFECTS, MAC, PALETTES, keepalive, mac


@pytest.fixture
async def node(hub, receiver):
    """A node with a catalogue, and its stream running."""
    node = await hub.joined()
    await node.catalog()
    await asyncio.wait_for(receiver.next(), 5)
    return node


async def edges(receiver, count):
    """The next `count` datagrams that carry an edge."""
    found = []
    while len(found) < count:
        datagram = await asyncio.wait_for(receiver.next(), 5)
        if datagram.kind in (packets.SCENE_CHANGE, packets.PARAM_DELTA):
            found.append(datagram)
    return found


async def test_metrics_has_the_specification_s_keys(hub):
    metrics = await hub.get("/metrics")
    assert {"total", "ready", "degraded", "lost"} <= set(metrics["nodes"])
    assert {"tick_hz", "overruns", "bytes_sent"} <= set(metrics["udp"])
    assert metrics["ota"] == {"rolling_update": False, "last_version": ""}
    assert set(metrics["udp"]["lateness_us"]) == {"p50", "p99"}


async def test_health_is_503_once_the_stream_stops(hub, monkeypatch):
    assert (await hub.get("/health"))["status"] == "ok"
    monkeypatch.setattr(hub.app[FANOUT], "alive", lambda now_us: False)
    async with hub.http.get(f"{hub.url}/health") as answer:
        assert answer.status == 503
        assert (await answer.json())["status"] == "stream stopped"


async def test_nodes_tells_everything_but_the_token(hub, node, state_of):
    await node.send(keepalive(ticks=10, render_fps=[120, 119.5], heap_free=1000, stats={"late": 2, "hops": 30}))
    await state_of(1, State.READY)
    (known,) = (await hub.get("/api/nodes"))["nodes"]
    assert node.welcome["token"] not in str(known)
    assert (known["id"], known["mac"], known["ip"], known["state"]) == (1, MAC, "127.0.0.1", "READY")
    assert (known["reason"], known["locked"], known["fw"]) == ("", True, "k1-0.1.0")
    assert (known["render_fps"], known["stats"]) == ([120, 119.5], {"late": 2, "hops": 30})
    assert known["lock_ms"] >= 0
    assert known["catalog"] == {"effects": EFFECTS, "palettes": PALETTES}
    assert set(await hub.get("/api/nodes/1")) == set(known)
    metrics = await hub.get("/metrics")
    assert (metrics["nodes"]["ready"], metrics["edges"]["late"], metrics["audio"]["hops"]) == (1, 2, 30)


@pytest.mark.parametrize("wrong", ["7", "x", "-1", "99999999999999999999"])
async def test_no_such_node_is_a_404(hub, wrong):
    async with hub.http.get(f"{hub.url}/api/nodes/{wrong}") as answer:
        assert answer.status == 404
        assert (await answer.json(content_type="application/problem+json"))["field"] == "id"


async def test_a_scene_by_name_reaches_the_stream_three_times(hub, node, receiver):
    body = {"channels": "a", "effect": "pulse", "palette": "ocean", "params": {"hue": 77}, "fade_ms": 250}
    answer = await hub.post("/api/scene", body)
    sent = await edges(receiver, 3)
    assert {datagram.edge for datagram in sent} == set(answer["edges"])
    assert len({(datagram.payload, datagram.apply_at_us) for datagram in sent}) == 1
    assert sent[0].apply_at_us == sent[0].hub_now_us + APPLY_AHEAD_US
    assert (answer["channels"]["a"]["effect"], answer["channels"]["a"]["effect_name"]) == (1, "pulse")
    assert (answer["channels"]["a"]["params"]["hue"], answer["channels"]["b"]["params"]["hue"]) == (77, 0)
    assert (await hub.get("/api/scene"))["channels"] == answer["channels"]
    history = (await hub.get("/api/edges"))["edges"]
    assert history[-1]["applyAt_us"] == sent[0].apply_at_us
    assert (history[-1]["kind"], history[-1]["edge"]) == ("scene", sent[0].edge)


async def test_a_scene_without_effect_lets_the_effect_run_on(hub, node, receiver):
    await hub.post("/api/scene", {"channels": "b", "palette": 1, "params": {"speed": 9, "mirror": True}})
    (sent,) = await edges(receiver, 1)
    assert sent.kind == packets.PARAM_DELTA
    mask = packets.MASK_PALETTE | packets.MASK_SPEED | packets.MASK_FLAGS
    assert int.from_bytes(sent.payload[packets.EDGE_MASK_AT : packets.EDGE_MASK_AT + 2], "little") == mask


async def test_the_stream_s_states_are_never_200_ms_apart(hub, node, receiver):
    times = []
    while len(times) < 5:
        datagram = await asyncio.wait_for(receiver.next(), 5)
        if datagram.kind == packets.STATE:
            times.append(datagram.hub_now_us)
    assert max(later - earlier for earlier, later in zip(times, times[1:], strict=False)) <= 200_000


async def test_tempo_master_blackout_and_clock(hub, node, receiver):
    assert (await hub.post("/api/tempo", {"bpm": 127.5}))["bpm"] == 127.5
    assert (await hub.get("/api/tempo"))["bpm"] == 127.5
    assert (await hub.post("/api/global/brightness", {"value": 80}))["value"] == 80
    assert (await hub.get("/api/global/brightness")) == {"value": 80}
    assert (await hub.post("/api/global/blackout", {"on": True}))["on"] is True
    assert (await hub.get("/api/global/blackout")) == {"on": True}
    clock = await hub.get("/api/clock")
    assert {"hubNow_us", "epoch", "beat"} <= set(clock)
    while (datagram := await asyncio.wait_for(receiver.next(), 5)).kind != packets.BEAT_TICK:
        pass
    assert int.from_bytes(datagram.payload[:2], "little") == 12750


async def test_a_cue_at_a_time_goes_out_with_exactly_that_time(hub, node, receiver):
    at_us = (await hub.get("/api/clock"))["hubNow_us"] + 300_001
    answer = await hub.post("/api/scene", {"effect": "pulse", "at_us": at_us})
    assert answer["channels"]["a"]["effect"] == 0, "it is still to come"
    sent = await edges(receiver, 3)
    assert {(datagram.edge, datagram.apply_at_us) for datagram in sent} == {(answer["edges"][0], at_us)}
    assert at_us - APPLY_AHEAD_US <= sent[2].hub_now_us < at_us
    assert (await hub.get("/api/scene"))["channels"]["a"]["effect"] == 1


async def test_a_quantised_cue_is_planned_shown_and_cancelled(hub, node):
    body = {"value": 9, "quantise": 64}
    refusal = await hub.refused("/api/global/brightness", body)
    assert (refusal["status"], refusal["field"]) == (409, "quantise")
    await hub.post("/api/tempo", {"bpm": 120})
    (number,) = (await hub.post("/api/global/brightness", body))["edges"]
    known = await hub.get("/api/edges")
    assert [(edge["edge"], edge["kind"]) for edge in known["planned"]] == [(number, "param")]
    assert known["edges"] == []
    url = f"{hub.url}/api/edges/{number}"
    for status in (200, 409):
        async with hub.http.delete(url) as answer:
            assert answer.status == status
    assert (await hub.get("/api/edges"))["planned"] == []
    async with hub.http.delete(f"{hub.url}/api/edges/x") as answer:
        assert answer.status == 404


async def test_a_downbeat_keeps_the_tempo(hub):
    await hub.post("/api/tempo", {"bpm": 120})
    assert (await hub.post("/api/tempo", {"downbeat": True}))["bpm"] == 120
    beat = (await hub.get("/api/clock"))["beat"]
    assert beat["bar"] == beat["beat"] // 4


REFUSED = [
    ("/api/scene", {}, "effect", "give an effect"),
    ("/api/scene", {"efect": "pulse"}, "efect", "channels, effect"),
    ("/api/scene", {"effect": "none"}, "effect", "one of solid, pulse, spectrum"),
    ("/api/scene", {"effect": 3}, "effect", "0..2"),
    ("/api/scene", {"effect": True}, "effect", "integer"),
    ("/api/scene", {"effect": 0, "palette": "none"}, "palette", "one of rainbow, ocean"),
    ("/api/scene", {"effect": 0, "channels": "c"}, "channels", "a, b, ab"),
    ("/api/scene", {"effect": 0, "fade_ms": 10001}, "fade_ms", "0..10000"),
    ("/api/scene", {"params": {"hue": 256}}, "params.hue", "0..255"),
    ("/api/scene", {"params": {"colour": 1}}, "params.colour", "known: brightness"),
    ("/api/scene", {"params": {"mirror": 1}}, "params.mirror", "true or false"),
    ("/api/scene", {"effect": 0, "at_us": -1}, "at_us", "integer 0.."),
    ("/api/scene", {"effect": 0, "at_us": 5}, "at_us", "within 2000000 us"),
    ("/api/scene", {"effect": 0, "at_us": 5, "quantise": "bar"}, "at_us", "not both"),
    ("/api/scene", {"effect": 0, "quantise": "week"}, "quantise", "beat, bar"),
    ("/api/scene", {"effect": 0, "quantise": 65}, "quantise", "1..64"),
    ("/api/tempo", {}, "bpm", "give a tempo or a downbeat"),
    ("/api/tempo", {"downbeat": False}, "bpm", "give a tempo or a downbeat"),
    ("/api/tempo", {"bpm": 19.9}, "bpm", "20..300"),
    ("/api/tempo", {"bpm": "120"}, "bpm", "20..300"),
    ("/api/global/brightness", {"value": -1}, "value", "0..255"),
    ("/api/global/brightness", {"value": 1.5}, "value", "integer"),
    ("/api/global/blackout", {"on": "yes"}, "on", "true or false"),
]


@pytest.mark.parametrize(("path", "body", "field", "detail"), REFUSED)
async def test_a_bad_body_names_field_and_limit_and_changes_nothing(hub, node, path, body, field, detail):
    before = await hub.get("/api/scene"), await hub.get("/api/tempo")
    problem = await hub.refused(path, body)
    assert (problem["status"], problem["title"], problem["type"]) == (400, "Bad Request", "about:blank")
    assert problem["field"] == field
    assert detail in problem["detail"]
    assert (await hub.get("/api/scene"), await hub.get("/api/tempo")) == before


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b"[" * 5000, b"NaN", b'{"bpm": 1e999}'])
async def test_a_body_that_is_no_object_is_refused(hub, raw):
    assert (await hub.refused("/api/tempo", raw=raw))["status"] == 400


async def test_a_huge_body_is_refused(hub):
    problem = await hub.refused("/api/scene", raw=b" " * 70000)
    assert (problem["status"], problem["detail"]) == (413, "a body has at most 65536 bytes")


async def test_unknown_paths_and_methods_are_problems_too(hub):
    assert (await hub.refused("/api/nothing", {}))["status"] == 404
    problem = await hub.refused("/api/nodes", {})
    assert (problem["status"], problem["detail"]) == (405, "/api/nodes takes GET, HEAD")


async def test_names_need_a_catalogue_and_agreement(hub):
    problem = await hub.refused("/api/scene", {"effect": "pulse"})
    assert (problem["status"], problem["field"]) == (409, "effect")
    assert (await hub.post("/api/scene", {"effect": 500}))["channels"]["a"]["effect"] == 500
    for number, effects in ((1, ["solid", "pulse"]), (2, ["pulse", "solid"])):
        node = await hub.joined(mac=mac(number))
        await node.send({"t": "catalog", "effects": effects, "palettes": ["p"]})
        await node.ping()
    problem = await hub.refused("/api/scene", {"effect": "pulse"})
    assert (problem["status"], "disagree" in problem["detail"]) == (409, True)
    assert (await hub.get("/api/catalog"))["effects"] == ["solid", "pulse"]


async def test_a_flooded_show_is_a_503(hub, monkeypatch):
    monkeypatch.setattr(hub.app[CONDUCTOR].tutti, "backlog", lambda: MAX_WAITING)
    problem = await hub.refused("/api/scene", {"effect": 1})
    assert (problem["status"], "64 changes" in problem["detail"]) == (503, True)


async def test_a_fault_of_ours_is_a_500_without_details(hub, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("secret")

    monkeypatch.setattr(hub.app[CONDUCTOR], "master", fail)
    problem = await hub.refused("/api/global/brightness", {"value": 1})
    assert (problem["status"], "secret" in str(problem)) == (500, False)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/page.css", "text/css"),
        ("/js/main.js", "text/javascript"),
    ],
)
async def test_the_page_is_served_and_loads_nothing_from_elsewhere(hub, path, kind):
    async with hub.http.get(hub.url + path) as answer:
        text = await answer.text()
        assert answer.content_type == kind
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "http://" not in text and "https://" not in text and "//cdn" not in text
