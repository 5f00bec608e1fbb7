"""Ableton Link between a real hub and another real peer on this machine: tempo and phase, both ways."""

import asyncio
import time

import pytest

from lightwave_hub.keys import CLOCK, TEMPO

aalink = pytest.importorskip("aalink")
FOUND_S = 10.0
SOON_S = 5.0
OLDER_S = 0.7  # Link lets the older of two sessions lead; within half a second it is chance


async def until(true, seconds=SOON_S):
    """Link has callbacks for tempo and peers, none for phase: so this looks, often."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.01)
    return True


@pytest.fixture
async def peer(hub):
    """Somebody else in the session of the hub, which began it at 100 BPM."""
    await hub.post("/api/tempo", {"bpm": 100})
    assert (await hub.post("/api/tempo", {"source": "link"}))["state"] == "waiting"
    await asyncio.sleep(OLDER_S)
    peer = aalink.Link(140.0)
    peer.quantum = 4
    peer.enabled = True
    try:
        if not await until(lambda: peer.num_peers > 0, FOUND_S):
            pytest.skip("no multicast here: two Link peers on this machine do not find each other")
        assert await until(lambda: hub.app[TEMPO].state == "following")
        yield peer
    finally:
        peer.enabled = False


def apart_us(hub, peer):
    """How far the hub's bar is from the peer's."""
    clock = hub.app[CLOCK]
    ours, theirs = clock.settled_beats(clock.now_us()), peer.beat
    error = (ours - theirs) % 4
    return min(error, 4 - error) * 60_000_000 / peer.tempo


async def test_tempo_and_phase_both_ways(hub, peer):
    clock = hub.app[CLOCK]
    assert await until(lambda: peer.tempo == pytest.approx(100, abs=0.01)), "who comes later takes the session's tempo"
    assert await until(lambda: apart_us(hub, peer) < 2000)
    peer.tempo = 123.4
    assert await until(lambda: clock.bpm == 123.4), "the hub follows the session"
    peer.force_beat(peer.beat + 1.5)
    assert await until(lambda: apart_us(hub, peer) < 2000), "in phase and bar, too"
    await hub.post("/api/tempo", {"bpm": 90})
    assert await until(lambda: peer.tempo == pytest.approx(90, abs=0.01)), "and the session follows the hub"
    before = peer.beat - time.monotonic() * 1.5
    await hub.post("/api/tempo", {"nudge_ms": 200})
    assert await until(lambda: abs(peer.beat - time.monotonic() * 1.5 - before - 0.3) < 0.03)
    assert (await hub.get("/api/tempo"))["detail"] == "one other is in the session"


async def test_when_the_others_leave_the_tempo_stays(hub, peer):
    peer.tempo = 111
    assert await until(lambda: hub.app[CLOCK].bpm == 111)
    peer.enabled = False
    assert await until(lambda: hub.app[TEMPO].state == "lost")
    now = await hub.get("/api/tempo")
    assert (now["bpm"], now["confidence"], now["detail"]) == (111, 0, "nobody else is in the session")
