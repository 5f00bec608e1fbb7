"""Routes that play: what all nodes play, master brightness, clock."""

from typing import Any

from aiohttp import web

from lightwave import constants, packets
from lightwave_hub import catalog
from lightwave_hub.api import requests
from lightwave_hub.api.moment import moment_of
from lightwave_hub.conductor import CHANNELS, Nodes
from lightwave_hub.errors import NotPlannedError, RequestError
from lightwave_hub.keys import CLOCK, CONDUCTOR, NODES, SHOW
from lightwave_hub.part import Block, Edge
from lightwave_hub.show.models import Target

_NUMBERS = ("brightness", "speed", "intensity", "hue", "saturation", "blur")


async def show_scene(request: web.Request) -> web.Response:
    return web.json_response(scene(request.app))


async def play_scene(request: web.Request, body: requests.PlayNow) -> web.Response:
    """With an effect, a scene change; without one, the effect runs on and only what is named changes."""
    macs = _macs(request.app, body.target)
    nodes = request.app[SHOW].stage.connected(macs)
    conductor = request.app[CONDUCTOR]
    channels = CHANNELS[body.channels]
    params: dict[str, int] = body.params.model_dump()
    palette = None if body.palette is None else catalog.palette_id(nodes, body.palette)
    when = moment_of(request.app, body)
    if body.effect is not None:
        effect = catalog.effect_id(nodes, body.effect)
        edges = conductor.scene(channels, effect, palette, params, body.fade_ms, when, macs)
    else:
        if palette is not None:
            params["palette"] = palette
        if not params:
            raise RequestError("effect", "give an effect, a palette or params")
        edges = conductor.param(channels, params, body.fade_ms, when, macs)
    return web.json_response({**scene(request.app), "edges": edges})


def _macs(app: web.Application, target: Target | None) -> Nodes:
    """Whom it is for. Raises RequestError where there is no such group or node."""
    document = app[SHOW].store.document
    if target is not None and target.group is not None and document.find("group", target.group) is None:
        raise RequestError("target.group", "there is no such group")
    if target is not None and target.node is not None:
        known = {node.mac for node in (*app[NODES].nodes(), *document.items("node"))}
        if target.node not in known:
            raise RequestError("target.node", "there is no such node")
    return app[SHOW].stage.nodes_of(target)


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


def scene(app: web.Application) -> dict[str, Any]:
    """What all nodes play that play nothing else."""
    wanted = app[CONDUCTOR].wanted
    effects, palettes = names(app)
    return {
        "channels": {"a": block(wanted.a, effects, palettes), "b": block(wanted.b, effects, palettes)},
        "master": wanted.master,
        "blackout": not wanted.lit,
    }


def names(app: web.Application) -> tuple[list[str], list[str]]:
    """All effects and palettes that any node knows."""
    nodes = app[NODES].nodes()
    return catalog.merged(node.effects for node in nodes), catalog.merged(node.palettes for node in nodes)


def block(channel: Block, effects: list[str], palettes: list[str]) -> dict[str, Any]:
    """What one channel plays, with the names of its effect and palette."""
    return {
        "effect": channel.effect,
        "effect_name": effects[channel.effect] if channel.effect < len(effects) else None,
        "palette": channel.palette,
        "palette_name": palettes[channel.palette] if channel.palette < len(palettes) else None,
        "params": {
            **{name: getattr(channel, name) for name in _NUMBERS},
            "enabled": bool(channel.flags & packets.FLAG_ENABLED),
            "mirror": bool(channel.flags & packets.FLAG_MIRROR),
        },
    }
