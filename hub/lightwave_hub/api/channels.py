"""One channel of one node: `/api/nodes/{id}/channels/{channel}/...`, and the master's effect on it."""

from typing import Any

from aiohttp import web

from lightwave import packets
from lightwave_hub import catalog
from lightwave_hub.api import requests
from lightwave_hub.api.answers import ChannelValue
from lightwave_hub.api.moment import moment_of
from lightwave_hub.api.nodes import named
from lightwave_hub.api.route import Route
from lightwave_hub.conductor import CHANNELS, Nodes, When
from lightwave_hub.keys import CONDUCTOR
from lightwave_hub.node import Node
from lightwave_hub.part import Block, Scores

_PATH = "/api/nodes/{id}/channels/{channel:a|b}/"
_FULL = 255


def effective(brightness: int, master: int) -> int:
    """What a channel's brightness comes to under the master."""
    return brightness * master // _FULL


async def show_brightness(request: web.Request) -> web.Response:
    return web.json_response(_brightness(request))


async def set_brightness(request: web.Request, body: requests.ByteValue) -> web.Response:
    edges = _set(request, body, {"brightness": body.value})
    return web.json_response({**_brightness(request), "edges": edges})


async def show_speed(request: web.Request) -> web.Response:
    return web.json_response({"value": _block(request).speed})


async def set_speed(request: web.Request, body: requests.ByteValue) -> web.Response:
    edges = _set(request, body, {"speed": body.value})
    return web.json_response({"value": _block(request).speed, "edges": edges})


async def show_palette(request: web.Request) -> web.Response:
    return web.json_response(_palette(request))


async def set_palette(request: web.Request, body: requests.NameValue) -> web.Response:
    """The effect runs on with other colours."""
    edges = _set(request, body, {"palette": catalog.palette_id([named(request)], body.value)})
    return web.json_response({**_palette(request), "edges": edges})


async def show_effect(request: web.Request) -> web.Response:
    return web.json_response(_effect(request))


async def set_effect(request: web.Request, body: requests.NameValue) -> web.Response:
    node = named(request)
    effect, when = catalog.effect_id([node], body.value), moment_of(request.app, body)
    edges = request.app[CONDUCTOR].scene(
        _channel(request), effect, fade_ms=body.fade_ms, when=when, nodes=frozenset((node.mac,))
    )
    return web.json_response({**_effect(request), "edges": edges})


async def show_enabled(request: web.Request) -> web.Response:
    return web.json_response({"value": _enabled(request)})


async def set_enabled(request: web.Request, body: requests.TruthValue) -> web.Response:
    edges = _set(request, body, {"enabled": int(body.value)})
    return web.json_response({"value": _enabled(request), "edges": edges})


def _set(
    request: web.Request,
    body: requests.ByteValue | requests.NameValue | requests.TruthValue,
    params: dict[str, int],
) -> list[int]:
    when: When = moment_of(request.app, body)
    nodes: Nodes = frozenset((named(request).mac,))
    return request.app[CONDUCTOR].param(_channel(request), params, body.fade_ms, when, nodes)


def _channel(request: web.Request) -> int:
    return CHANNELS[request.match_info["channel"]]


def _scores(request: web.Request) -> tuple[Node, Scores]:
    node = named(request)
    return node, request.app[CONDUCTOR].wanted_by(node.mac)


def _block(request: web.Request) -> Block:
    _, scores = _scores(request)
    return scores.a if request.match_info["channel"] == "a" else scores.b


def _brightness(request: web.Request) -> dict[str, Any]:
    master, value = _scores(request)[1].master, _block(request).brightness
    return {"value": value, "effective": effective(value, master)}


def _palette(request: web.Request) -> dict[str, Any]:
    value = _block(request).palette
    return {"value": value, "name": _name(named(request).palettes, value)}


def _effect(request: web.Request) -> dict[str, Any]:
    value = _block(request).effect
    return {"value": value, "name": _name(named(request).effects, value)}


def _enabled(request: web.Request) -> bool:
    return bool(_block(request).flags & packets.FLAG_ENABLED)


def _name(names: tuple[str, ...], number: int) -> str | None:
    return names[number] if number < len(names) else None


NODE = {"description": "number or MAC of a connected node", "type": "string", "minLength": 1, "maxLength": 17}
_PARAMETERS: dict[str, dict[str, Any]] = {"id": NODE, "channel": {"enum": ["a", "b"]}}
_KINDS = (
    ("brightness", show_brightness, set_brightness, requests.ByteValue),
    ("speed", show_speed, set_speed, requests.ByteValue),
    ("palette", show_palette, set_palette, requests.NameValue),
    ("effect", show_effect, set_effect, requests.NameValue),
    ("enabled", show_enabled, set_enabled, requests.TruthValue),
)
ROUTES = tuple(
    route
    for name, show, change, body in _KINDS
    for route in (
        Route(
            "GET", _PATH + name, show, "view", f"{name} of one channel of one node",
            answer=ChannelValue, parameters=_PARAMETERS,
        ),
        Route(
            "POST", _PATH + name, change, "play", f"set the {name} of one channel of one node",
            body=body, answer=ChannelValue, parameters=_PARAMETERS,
        ),
    )
)  # fmt: skip
