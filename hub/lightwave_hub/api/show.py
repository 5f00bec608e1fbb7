"""Routes that play: scene, tempo, master brightness, clock."""

from typing import Any

from aiohttp import web

from lightwave import constants, packets
from lightwave.fields import Bool, Choice, Int, Optional, Text
from lightwave_hub import catalog
from lightwave_hub.api.bodies import read
from lightwave_hub.conductor import CHANNELS
from lightwave_hub.errors import RequestError
from lightwave_hub.keys import CLOCK, CONDUCTOR, NODES
from lightwave_hub.part import Block
from lightwave_hub.rules import Closed, TextOr, ZeroOr
from lightwave_hub.show_clock import MAX_BPM, MIN_BPM

_U8 = Int(0, 255)
_NAME_OR_ID = TextOr(Text(1, 24), Int(0, catalog.MAX_ID))
_NUMBERS = ("brightness", "speed", "intensity", "hue", "saturation", "blur")
_PARAMS = Closed(
    *((name, Optional(_U8)) for name in _NUMBERS),
    ("enabled", Optional(Bool())),
    ("mirror", Optional(Bool())),
)
_SCENE = Closed(
    ("channels", Optional(Choice(tuple(CHANNELS)))),
    ("effect", Optional(_NAME_OR_ID)),
    ("palette", Optional(_NAME_OR_ID)),
    ("params", Optional(_PARAMS)),
    ("fade_ms", Optional(Int(0, packets.FADE_MS_MAX))),
)
_TEMPO = Closed(("bpm", ZeroOr(MIN_BPM, MAX_BPM)))
_VALUE = Closed(("value", _U8), ("fade_ms", Optional(Int(0, packets.FADE_MS_MAX))))
_BLACKOUT = Closed(("on", Bool()))


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
    if "effect" in body:
        effect = catalog.effect_id(nodes, body["effect"])
        edges = conductor.scene(channels, effect, palette, params, fade_ms)
    else:
        if palette is not None:
            params["palette"] = palette
        if not params:
            raise RequestError("effect", "give an effect, a palette or params")
        edges = conductor.param(channels, params, fade_ms)
    return web.json_response({**_scene(request.app), "edges": edges})


async def list_edges(request: web.Request) -> web.Response:
    """The newest edges that went out, and the hub time at which each takes effect."""
    history = list(request.app[CONDUCTOR].tutti.history)
    kinds = {packets.SCENE_CHANGE: "scene", packets.PARAM_DELTA: "param"}
    return web.json_response(
        {
            "edges": [
                {
                    "edge": edge.number,
                    "kind": kinds[edge.kind],
                    "channels": edge.channels,
                    "effect": edge.block.effect,
                    "applyAt_us": apply_at_us,
                }
                for edge, apply_at_us in history
            ]
        }
    )


async def show_tempo(request: web.Request) -> web.Response:
    return web.json_response({"bpm": request.app[CLOCK].bpm})


async def set_tempo(request: web.Request) -> web.Response:
    body = await read(request, _TEMPO)
    request.app[CLOCK].set_tempo(body["bpm"])
    return await show_tempo(request)


async def show_master(request: web.Request) -> web.Response:
    return web.json_response({"value": request.app[CONDUCTOR].wanted.master})


async def set_master(request: web.Request) -> web.Response:
    body = await read(request, _VALUE)
    edges = request.app[CONDUCTOR].master(value=body["value"], fade_ms=body.get("fade_ms", 0))
    return web.json_response({"value": body["value"], "edges": edges})


async def show_blackout(request: web.Request) -> web.Response:
    return web.json_response({"on": not request.app[CONDUCTOR].wanted.lit})


async def set_blackout(request: web.Request) -> web.Response:
    body = await read(request, _BLACKOUT)
    edges = request.app[CONDUCTOR].master(lit=not body["on"])
    return web.json_response({"on": body["on"], "edges": edges})


async def show_clock(request: web.Request) -> web.Response:
    clock = request.app[CLOCK]
    now_us = clock.now_us()
    return web.json_response(
        {
            "hubNow_us": now_us,
            "epoch": clock.epoch,
            "beat": clock.beat_at(now_us)._asdict(),
            "apply_ahead_us": constants.APPLY_AHEAD_US,
        }
    )


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
