"""OSC over a real socket into a real hub: what it may do, and what strangers send."""

import asyncio
import socket

import pytest
from pythonosc.osc_message_builder import OscMessageBuilder

from lightwave_hub import app as hub_app
from lightwave_hub import config
from lightwave_hub.errors import ListenError
from lightwave_hub.keys import CLOCK, CONDUCTOR, OSC
from tests.hub.support import Hub


def message(address, *arguments):
    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument)
    return builder.build().dgram


@pytest.fixture
async def hub(receiver, tmp_path):
    """A hub that hears OSC."""
    settings = config.from_dict(
        {
            "stream": {"udp_port": receiver.address[1], "time_port": 0},
            "store": {"path": str(tmp_path)},
            "osc": {"enabled": True, "host": "127.0.0.1", "port": 0},
        }
    )
    hub = Hub(hub_app.build(settings, "127.0.0.1"))
    await hub.start()
    yield hub
    await hub.stop()


class Desk:
    """A sender of OSC, which cannot be answered: it waits until the hub has counted."""

    def __init__(self, hub):
        self.server = hub.app[OSC]
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", self.server.port))

    async def send(self, *datagrams):
        wanted = self.counted() + len(datagrams)
        for datagram in datagrams:
            self._socket.send(datagram)
        async with asyncio.timeout(5):
            while True:
                if self.counted() == wanted:
                    return
                await asyncio.sleep(0.005)

    def counted(self):
        stats = self.server.stats
        return stats.messages + stats.refused + stats.bad

    def close(self):
        self._socket.close()


@pytest.fixture
def desk(hub):
    desk = Desk(hub)
    yield desk
    desk.close()


async def test_tempo_and_level(hub, desk):
    await desk.send(message("/k1/tempo", 127.5))
    assert hub.app[CLOCK].bpm == 127.5
    await desk.send(message("/k1/nudge", -20), message("/k1/nudge/pct", 10.0), message("/k1/downbeat"))
    assert hub.app[CLOCK].bpm == 140.25
    await desk.send(message("/k1/master", 80))
    assert hub.app[CONDUCTOR].wanted.master == 80
    await desk.send(message("/k1/master", 0.5))
    assert hub.app[CONDUCTOR].wanted.master == 128
    await desk.send(message("/k1/blackout", True))
    assert not hub.app[CONDUCTOR].wanted.lit
    await desk.send(message("/k1/blackout", 0))
    assert hub.app[CONDUCTOR].wanted.lit
    assert (desk.server.stats.bad, desk.server.stats.refused) == (0, 0)


async def test_a_button_taps_when_pressed_and_not_when_let_go(hub, desk):
    for value in (1, 0, 1, 0):
        await desk.send(message("/k1/tap", value))
        await asyncio.sleep(0.25)  # what is measured is time itself
    now = await hub.get("/api/tempo")
    assert now["taps"] == 2
    assert 80 < now["bpm"] < 121


async def test_an_effect_by_name(hub, desk):
    node = await hub.joined()
    await node.catalog()
    await desk.send(message("/k1/effect", "pulse", "a"))
    wanted = hub.app[CONDUCTOR].wanted
    assert (wanted.a.effect, wanted.b.effect) == (1, 0)


async def test_bad_messages_are_counted_and_logged_once_a_second_and_never_fatal(hub, desk, caplog):
    bad = [
        b"",
        b"/",
        b"\xff" * 40,
        b"#bundle\0",
        message("/k1/tempo", 120)[:-2],
        message("/k1/dance"),
        b"/k1/tempo\0\0\0,f",
    ]
    refused = [
        message("/k1/tempo"),
        b"/k1/tempo\0\0\0,z\0\0",
        message("/k1/tempo", "fast"),
        message("/k1/tempo", 10),
        message("/k1/tempo", float("nan")),
        message("/k1/master", 3.5),
        message("/k1/master", 256),
        message("/k1/effect", "none"),
        message("/k1/effect", 1, 7),
        message("/k1/source", "radio"),
        message("/k1/nudge", 5),
    ]
    await desk.send(*bad, *refused)
    figures = (await hub.get("/metrics"))["osc"]
    assert figures == {"port": desk.server.port, "messages": 0, "refused": len(refused), "bad": len(bad)}
    assert not [record for record in caplog.records if record.name == "root"]
    assert 1 <= len([record for record in caplog.records if record.name == "k1.show"]) <= 2
    await desk.send(message("/k1/tempo", 90))
    assert hub.app[CLOCK].bpm == 90


async def test_a_taken_port_is_said(hub, desk):
    with pytest.raises(ListenError, match="see \\[osc\\]"):
        await type(desk.server)({}).open("127.0.0.1", desk.server.port)


async def test_scenes_cues_and_panic(hub, desk):
    node = await hub.joined()
    await node.catalog()
    look = {"channels": {"a": {"effect": "pulse"}}}
    async with hub.http.post(f"{hub.url}/api/scenes", json={"id": "warm", "name": "Warm", **look}) as answer:
        assert answer.status == 201
    cues = {"id": "set", "name": "Set", "cues": [{"scene": "warm"}, {"scene": "warm", "fade_ms": 100}]}
    async with hub.http.post(f"{hub.url}/api/cues", json=cues) as answer:
        assert answer.status == 201
    await desk.send(message("/k1/scene", "warm"))
    assert (await hub.get("/api/playing"))["scenes"] == ["warm"]
    for step, current in (("go", 0), ("go", 1), ("back", 0), ("stop", None)):
        await desk.send(message(f"/k1/cue/{step}", "set"))
        assert (await hub.get("/api/cues/set"))["current"] == current
    for on in (1, 0):
        await desk.send(message("/k1/panic", on))
        assert (await hub.get("/api/panic"))["on"] == bool(on)
    await desk.send(message("/k1/scene", "cold"))
    assert (desk.server.stats.bad, desk.server.stats.refused) == (0, 1)
