"""Cue lists: what begins when, on a running hub with a real beat."""

import asyncio

import pytest

from lightwave_hub.api.bodies import checked
from lightwave_hub.errors import RequestError
from lightwave_hub.keys import CLOCK, CONDUCTOR, SHOW
from lightwave_hub.show.errors import ConflictError
from lightwave_hub.show.models import CueList, Scene
from tests.hub.support import EFFECTS

BPM = 300


@pytest.fixture
async def show(hub):
    """A scene for each effect of a connected node; the beat is fast."""
    node = await hub.joined()
    await node.catalog()
    service = hub.app[SHOW]
    for effect in EFFECTS:
        scene = checked(Scene, {"name": effect, "channels": {"a": {"effect": effect}}})
        await service.store.edit(lambda document, scene=scene: document.create("scene", scene))
    hub.app[CLOCK].set_tempo(BPM)
    return service


@pytest.fixture
def cue_list(show):
    """Store a list of cues, each scene and trigger."""

    async def make(*cues, name="list"):
        body = {"name": name, "cues": [{"scene": scene, "trigger": trigger} for scene, trigger in cues]}
        item = checked(CueList, body)
        await show.store.edit(lambda document: document.create("cue_list", item))

    return make


@pytest.fixture
def reach(show):
    """Wait until the list's current cue is the given one."""
    changed = asyncio.Event()
    show.player.on_change.append(changed.set)

    async def wait(current, key="list"):
        while show.player.describe(key)["current"] != current:
            changed.clear()
            await asyncio.wait_for(changed.wait(), 10)

    return wait


def applied(hub):
    """The scene changes on channel A and when they took effect, in that order."""
    launched = sorted(hub.app[CONDUCTOR].history.copy(), key=lambda each: each.apply_at_us)
    return [(each.edge.block.effect, each.apply_at_us) for each in launched]


async def sent(hub, receiver, count):
    while len(applied(hub)) < count:
        await asyncio.wait_for(receiver.next(), 5)
    return applied(hub)


async def test_go_begins_one_cue_after_another_and_starts_anew_at_the_end(hub, show, cue_list):
    await cue_list(*((name, {"kind": "go"}) for name in EFFECTS))
    seen = []
    for _ in range(4):
        show.player.go("list")
        seen.append(show.player.describe("list")["current"])
    assert seen == [0, 1, 2, 0]
    assert hub.app[CONDUCTOR].wanted.a.effect == 0
    assert show.player.describe("list")["waiting"] == {"cue": 1, "trigger": "go", "at": None}
    show.player.go("list")
    show.player.back("list")
    assert (show.player.describe("list")["current"], show.player.playing()["scenes"]) == (0, ["solid"])
    with pytest.raises(ConflictError, match="no cue before"):
        show.player.back("list")
    show.player.stop("list")
    assert show.player.describe("list") == {"id": "list", "current": None, "waiting": None}


async def test_a_list_goes_on_by_itself_exactly_on_beats_bars_and_after_times(hub, show, cue_list, reach, receiver):
    await cue_list(
        ("solid", {"kind": "go"}),
        ("pulse", {"kind": "beat"}),
        ("spectrum", {"kind": "bar"}),
        ("pulse", {"kind": "bars", "bars": 2}),
        ("solid", {"kind": "follow", "after_ms": 150}),
    )
    clock = hub.app[CLOCK]
    show.player.go("list")
    await reach(4)
    times = [apply_at_us for _, apply_at_us in await sent(hub, receiver, 5)]
    assert [effect for effect, _ in applied(hub)] == [0, 1, 2, 1, 0]
    beats = [clock.beat_at(at_us) for at_us in times[1:4]]
    assert times[1:4] == [clock.time_of_beat(beat.beat) for beat in beats]
    assert beats[0].beat < beats[1].beat < beats[2].beat
    assert (beats[1].beat % 4, beats[2].beat % 8) == (0, 0)
    assert times[4] == times[3] + 150_000
    assert show.player.describe("list")["waiting"] is None


async def test_a_waiting_cue_can_be_hurried_and_stopped(hub, show, cue_list):
    await cue_list(("solid", {"kind": "go"}), ("pulse", {"kind": "bars", "bars": 64}), ("spectrum", {"kind": "bar"}))
    show.player.go("list")
    assert show.player.describe("list")["waiting"]["trigger"] == "bars"
    show.player.go("list")
    assert (show.player.describe("list")["current"], hub.app[CONDUCTOR].wanted.a.effect) == (1, 1)
    hub.app[CLOCK].set_tempo(20)  # the next bar is seconds away
    show.player.stop("list")
    assert hub.app[CONDUCTOR].planned() == []


async def test_a_list_that_begins_on_a_beat_waits_for_one(hub, show, cue_list, reach):
    hub.app[CLOCK].set_tempo(0)
    await cue_list(("pulse", {"kind": "beat"}))
    show.player.go("list")
    assert show.player.describe("list") == {
        "id": "list", "current": None, "waiting": {"cue": 0, "trigger": "beat", "at": None},
    }  # fmt: skip
    hub.app[CLOCK].set_tempo(BPM)
    await reach(0)
    assert hub.app[CONDUCTOR].wanted.a.effect == 1


async def test_what_is_edited_counts_until_it_begins(show, cue_list, reach):
    await cue_list(("solid", {"kind": "go"}), ("pulse", {"kind": "follow", "after_ms": 86_400_000}))
    show.player.go("list")
    assert show.player.describe("list")["waiting"]["at"] is not None
    sooner = checked(CueList, {"name": "list", "cues": [
        {"scene": "solid"}, {"scene": "spectrum", "trigger": {"kind": "follow", "after_ms": 1}},
    ]})  # fmt: skip
    await show.store.edit(lambda document: document.replace("cue_list", "list", sooner))
    await reach(1)
    assert show.player.playing()["scenes"] == ["spectrum"]
    await show.store.edit(lambda document: document.delete("cue_list", "list"))
    assert show.player.playing()["lists"] == []


async def test_a_cue_that_cannot_be_played_does_not_stop_the_list(hub, show, cue_list, reach):
    absent = checked(Scene, {"name": "absent", "channels": {"a": {"effect": "comet"}}})
    await show.store.edit(lambda document: document.create("scene", absent))
    await cue_list(
        ("solid", {"kind": "go"}),
        ("absent", {"kind": "follow", "after_ms": 1}),
        ("pulse", {"kind": "follow", "after_ms": 1}),
    )
    show.player.go("list")
    await reach(2)
    assert hub.app[CONDUCTOR].wanted.a.effect == 1
    await cue_list(("absent", {"kind": "go"}), name="other")
    with pytest.raises(RequestError, match="must be one of"):
        show.player.go("other")
    await cue_list(name="empty")
    with pytest.raises(ConflictError, match="no cue to begin"):
        show.player.go("empty")


async def test_what_plays_is_told(show):
    listener = show.news.subscribe()
    show.player.play("pulse")
    told = await asyncio.wait_for(anext(listener), 5)
    assert (told.kind, told.body["scenes"]) == ("playing", ["pulse"])
