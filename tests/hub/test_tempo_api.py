"""/api/tempo of a real hub: hands, sources, and a node that hears something."""

import asyncio

import pytest

from lightwave_hub.keys import SHOW, TEMPO
from tests.hub.support import MAC, keepalive


@pytest.fixture
def tempo_is(hub):
    """Wait until /api/tempo says so; the desk tells, nothing polls."""
    changed = asyncio.Event()
    hub.app[TEMPO].on_change.append(changed.set)

    async def wait(**wanted):
        async with asyncio.timeout(10):
            while True:
                changed.clear()
                now = await hub.get("/api/tempo")
                if wanted.items() <= now.items():
                    return now
                await changed.wait()

    return wait


async def test_what_is_said_of_the_tempo(hub):
    now = await hub.get("/api/tempo")
    sources = now.pop("sources")
    assert now == {
        "bpm": 0,
        "source": "manual",
        "state": "manual",
        "confidence": 0,
        "detail": "",
        "offset_ms": 0,
        "taps": 0,
    }
    assert [source["id"] for source in sources] == ["manual", "link", "midi"]
    assert all(source["available"] == (not source["detail"]) for source in sources)


async def test_taps_and_nudges(hub):
    await hub.post("/api/tempo", {"tap": True})
    await asyncio.sleep(0.5)  # what is measured is time itself
    now = await hub.post("/api/tempo", {"tap": True})
    assert now["taps"] == 2
    assert 80 < now["bpm"] <= 121
    assert (await hub.post("/api/tempo", {"bpm": 100, "nudge_pct": 5}))["bpm"] == 105
    assert (await hub.post("/api/tempo", {"nudge_ms": -12.5}))["bpm"] == 105


async def test_a_node_is_followed_while_it_is_sure_and_the_tempo_outlives_it(hub, tempo_is):
    node = await hub.joined()
    await hub.post("/api/tempo", {"bpm": 100})
    name = f"node:{MAC}"
    assert (await hub.post("/api/tempo", {"source": name}))["state"] == "waiting"
    assert name in [source["id"] for source in (await hub.get("/api/tempo"))["sources"]]
    await node.send(keepalive(stats={"bpm_x100": 12650, "confidence_pct": 85}))
    now = await tempo_is(state="following")
    assert (now["bpm"], now["confidence"], now["detail"]) == (126.5, 85, "node 1 hears 126.5 BPM")
    await node.close()
    now = await tempo_is(state="lost")
    assert (now["bpm"], now["source"], now["confidence"]) == (126.5, name, 0)


async def test_a_change_is_an_event(hub):
    subscription = hub.app[SHOW].news.subscribe()
    await hub.post("/api/tempo", {"bpm": 99})
    async with asyncio.timeout(5):
        async for event in subscription:
            if event.kind == "tempo":
                break
    assert event.body == await hub.get("/api/tempo")
    subscription.close()


@pytest.mark.parametrize(
    ("body", "status", "field", "said"),
    [
        ({"source": "radio"}, 400, "source", "must be one of manual, link, midi"),
        ({"source": "node:7"}, 400, "source", "or node: and a MAC"),
        ({"nudge_ms": 5}, 409, "nudge_ms", "no beat"),
        ({"nudge_pct": 5}, 409, "nudge_pct", "no beat"),
        ({"nudge_ms": 1001}, 400, "nudge_ms", "-1000..1000"),
        ({"nudge_pct": -21}, 400, "nudge_pct", "-20..20"),
        ({"tap": False}, 400, "bpm", "a tap"),
        ({"tap": 1}, 400, "tap", "true or false"),
    ],
)
async def test_what_cannot_be_is_refused(hub, body, status, field, said):
    problem = await hub.refused("/api/tempo", body)
    assert (problem["status"], problem["field"]) == (status, field)
    assert said in problem["detail"]
