"""Routes that play: scene, tempo, master brightness, clock."""

from typing import Any

from aiohttp import web

from lightwave import constants, packets
from lightwave.fields import Bool, Choice, Int, Optional, Text
from lightwave_hub import catalog
from lightwave_hub.api.bodies import read
from lightwave_hub.conductor import CHANNELS, NOW, When
from lightwave_hub.errors import NoBeatError, NotPlannedError, RequestError
from lightwave_hub.keys import CLOCK, CONDUCTOR, NODES
from lightwave_hub.part import Block, Edge
from lightwave_hub.rules import Closed, TextOr, ZeroOr
from lightwave_hub.show_clock import BEATS_PER_BAR, MAX_BPM, MIN_BPM

_U8 = Int(0, 255)
_NAME_OR_ID = TextOr(Text(1, 24), Int(0, catalog.MAX_ID))
_BEATS = {"beat": 1, "bar": BEATS_PER_BAR}
MAX_BARS = 64
MAX_AHEAD_US = 2_000_000
_NUMBERS = ("brightness", "speed", "intensity", "hue", "saturation", "blur")
_PARAMS = Closed(
    *((name, Optional(_U8)) for name in _NUMBERS),
    ("enabled", Optional(Bool())),
    ("mirror", Optional(Bool())),
)
# When a command takes effect, in every body that plays something.
_WHEN = (
    ("at_us", Optional(Int(0, (1 << 63) - 1))),
    ("quantise", Optional(TextOr(Choice(tuple(_BEATS)), Int(1, MAX_BARS)))),
)
_SCENE = Closed(
    ("channels", Optional(Choice(tuple(CHANNELS)))),
    ("effect", Optional(_NAME_OR_ID)),
    ("palette", Optional(_NAME_OR_ID)),
    ("params", Optional(_PARAMS)),
    ("fade_ms", Optional(Int(0, packets.FADE_MS_MAX))),
    *_WHEN,
)
_TEMPO = Closed(("bpm", Optional(ZeroOr(MIN_BPM, MAX_BPM))), ("downbeat", Optional(Bool())))
_VALUE = Closed(("value", _U8), ("fade_ms", Optional(Int(0, packets.FADE_MS_MAX))), *_WHEN)
_BLACKOUT = Closed(("on", Bool()), *_WHEN)


async def show_scene(request: web.Request) -> web.Response:
    return web.json_response(_scene(request.app))


async def play_scene(request: web.Request) -> web.Response:
    """With an effect, a scene change; without one, the effect runs on and only what is named changes."""
    body = await read(request, _SCENE)
    nodes = request.app[NODES].nodes()
    conductor = request.app[CONDUCTOR]
    channels = CHANNELS[body.get("channels", "ab")]
    params: dict[str, int] = dict(body.get("params", {}))
    palette = catalog.palette_id(nodes, body["palette"]) if "palette" in body else None
    fade_ms = body.get("fade_ms", 0)
    when = _when(request.app, body)
    if "effect" in body:
        effect = catalog.effect_id(nodes, body["effect"])
        edges = conductor.scene(channels, effect, palette, params, fade_ms, when)
    else:
        if palette is not None:
            params["palette"] = palette
        if not params:
            raise RequestError("effect", "give an effect, a palette or params")
        edges = conductor.param(channels, params, fade_ms, when)
    return web.json_response({**_scene(request.app), "edges": edges})


async def list_edges(request: web.Request) -> web.Response:
    """The newest edges that went out and those that are planned, and the hub time at which each takes effect.

    That of a planned one on a beat is as the tempo is now."""
    conductor, clock = request.app[CONDUCTOR], request.app[CLOCK]
    planned = [
        _edge(edge, change.moment_us(clock))
        for change in conductor.planned()
        if not change.claimed
        for edge in change.edges
    ]
    sent = [_edge(edge, apply_at_us) for edge, apply_at_us in list(conductor.tutti.history)]
    return web.json_response({"edges": sent, "planned": planned})


async def cancel_edge(request: web.Request) -> web.Response:
    """Take back a planned command, with all its edges."""
    text = request.match_info["edge"]
    if not (text.isdecimal() and len(text) <= 5):
        raise RequestError("edge", "no such edge", status=404)
    try:
        return web.json_response({"cancelled": request.app[CONDUCTOR].cancel(int(text))})
    except NotPlannedError as error:
        raise RequestError("edge", str(error), status=409) from None


async def show_tempo(request: web.Request) -> web.Response:
    return web.json_response({"bpm": request.app[CLOCK].bpm})


async def set_tempo(request: web.Request) -> web.Response:
    """Another tempo, and with `downbeat` the beat nearest to now becomes the first of its bar."""
    body = await read(request, _TEMPO)
    clock = request.app[CLOCK]
    if "bpm" in body:
        clock.set_tempo(body["bpm"])
    elif not body.get("downbeat"):
        raise RequestError("bpm", "give a tempo or a downbeat")
    if body.get("downbeat"):
        clock.downbeat()
    return await show_tempo(request)


async def show_master(request: web.Request) -> web.Response:
    return web.json_response({"value": request.app[CONDUCTOR].wanted.master})


async def set_master(request: web.Request) -> web.Response:
    body = await read(request, _VALUE)
    when = _when(request.app, body)
    edges = request.app[CONDUCTOR].master(value=body["value"], fade_ms=body.get("fade_ms", 0), when=when)
    return web.json_response({"value": body["value"], "edges": edges})


async def show_blackout(request: web.Request) -> web.Response:
    return web.json_response({"on": not request.app[CONDUCTOR].wanted.lit})


async def set_blackout(request: web.Request) -> web.Response:
    body = await read(request, _BLACKOUT)
    edges = request.app[CONDUCTOR].master(lit=not body["on"], when=_when(request.app, body))
    return web.json_response({"on": body["on"], "edges": edges})


async def show_clock(request: web.Request) -> web.Response:
    clock = request.app[CLOCK]
    now_us = clock.now_us()
    beat = clock.beat_at(now_us)
    return web.json_response(
        {
            "hubNow_us": now_us,
            "epoch": clock.epoch,
            "beat": {**beat._asdict(), "bar": beat.bar},
            "apply_ahead_us": constants.APPLY_AHEAD_US,
        }
    )


def _when(app: web.Application, body: dict[str, Any]) -> When:
    """The moment a body asks for. Raises RequestError."""
    if "quantise" in body:
        if "at_us" in body:
            raise RequestError("at_us", "give at_us or quantise, not both")
        unit = body["quantise"]
        try:
            return app[CONDUCTOR].next_beat(_BEATS[unit] if isinstance(unit, str) else unit * BEATS_PER_BAR)
        except NoBeatError as error:
            raise RequestError("quantise", str(error), status=409) from None
    if "at_us" not in body:
        return NOW
    ahead_us = body["at_us"] - app[CLOCK].now_us()
    if not -MAX_AHEAD_US <= ahead_us <= MAX_AHEAD_US:
        raise RequestError("at_us", f"must be within {MAX_AHEAD_US} us of hub time, not {ahead_us} us from it")
    return When(at_us=body["at_us"])


def _edge(edge: Edge, apply_at_us: int) -> dict[str, Any]:
    return {
        "edge": edge.number,
        "kind": "scene" if edge.kind == packets.SCENE_CHANGE else "param",
        "channels": edge.channels,
        "effect": edge.block.effect,
        "applyAt_us": apply_at_us,
    }


def _scene(app: web.Application) -> dict[str, Any]:
    wanted = app[CONDUCTOR].wanted
    nodes = app[NODES].nodes()
    effects = catalog.merged(node.effects for node in nodes)
    palettes = catalog.merged(node.palettes for node in nodes)
    return {
        "channels": {"a": _block(wanted.a, effects, palettes), "b": _block(wanted.b, effects, palettes)},
        "master": wanted.master,
        "blackout": not wanted.lit,
    }


def _block(block: Block, effects: list[str], palettes: list[str]) -> dict[str, Any]:
    return {
        "effect": block.effect,
        "effect_name": effects[block.effect] if block.effect < len(effects) else None,
        "palette": block.palette,
        "palette_name": palettes[block.palette] if block.palette < len(palettes) else None,
        "params": {
            **{name: getattr(block, name) for name in _NUMBERS},
            "enabled": bool(block.flags & packets.FLAG_ENABLED),
            "mirror": bool(block.flags & packets.FLAG_MIRROR),
        },
    }
