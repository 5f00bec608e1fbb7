"""Routes that play: what all nodes play, master brightness, clock."""

from typing import Any

from aiohttp import web

from lightwave import constants, packets
from lightwave_hub import catalog
from lightwave_hub.api import requests
from lightwave_hub.api.moment import moment_of
from lightwave_hub.conductor import CHANNELS
from lightwave_hub.errors import NotPlannedError, RequestError
from lightwave_hub.keys import CLOCK, CONDUCTOR, NODES, SHOW
from lightwave_hub.part import Block, Edge

_NUMBERS = ("brightness", "speed", "intensity", "hue", "saturation", "blur")


async def show_scene(request: web.Request) -> web.Response:
    return web.json_response(_scene(request.app))


async def play_scene(request: web.Request, body: requests.PlayNow) -> web.Response:
    """With an effect, a scene change; without one, the effect runs on and only what is named changes."""
    nodes = request.app[NODES].nodes()
    conductor = request.app[CONDUCTOR]
    channels = CHANNELS[body.channels]
    params: dict[str, int] = body.params.model_dump()
    palette = None if body.palette is None else catalog.palette_id(nodes, body.palette)
    when = moment_of(request.app, body)
    if body.effect is not None:
        effect = catalog.effect_id(nodes, body.effect)
        edges = conductor.scene(channels, effect, palette, params, body.fade_ms, when)
    else:
        if palette is not None:
            params["palette"] = palette
        if not params:
            raise RequestError("effect", "give an effect, a palette or params")
        edges = conductor.param(channels, params, body.fade_ms, when)
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
    sent = [_edge(edge, apply_at_us) for edge, apply_at_us in list(conductor.history)]
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


async def show_master(request: web.Request) -> web.Response:
    return web.json_response({"value": request.app[CONDUCTOR].wanted.master})


async def set_master(request: web.Request, body: requests.ByteValue) -> web.Response:
    when = moment_of(request.app, body)
    edges = request.app[CONDUCTOR].master(value=body.value, fade_ms=body.fade_ms, when=when)
    return web.json_response({"value": body.value, "edges": edges})


async def show_blackout(request: web.Request) -> web.Response:
    return web.json_response({"on": not request.app[CONDUCTOR].wanted.lit})


async def set_blackout(request: web.Request, body: requests.Blackout) -> web.Response:
    if request.app[SHOW].panic.on and not body.on:
        raise RequestError("on", "panic is on; release it first", status=409)
    edges = request.app[CONDUCTOR].master(lit=not body.on, when=moment_of(request.app, body))
    return web.json_response({"on": body.on, "edges": edges})


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
