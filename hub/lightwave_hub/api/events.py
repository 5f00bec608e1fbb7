"""/api/events, a WebSocket: what every open page is told, and what each kind of event says.

First `welcome`, then the state of every kind, then changes. A page may send {"preview": true} or false, nothing else.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from lightwave_hub import catalog
from lightwave_hub.access.guard import WHO
from lightwave_hub.api import nodes, objects, show
from lightwave_hub.api.updates import described
from lightwave_hub.errors import RequestError
from lightwave_hub.keys import CLOCK, CONDUCTOR, CONFIG, CONTROL, LIVE, LOG_RING, NODES, SHOW, TEMPO, UPDATES
from lightwave_hub.live.feed import MAX_LISTENERS, Feed
from lightwave_hub.live.listener import STALLED, TOO_SLOW, Listener
from lightwave_hub.node import Node
from lightwave_hub.part import Scores

HEARTBEAT_S = 15.0  # a phone that left the network is noticed
STALL_S = 10.0  # a page that takes nothing for so long is closed
CLOSE_TIMEOUT_S = 1.0
MAX_HEARD = 256  # bytes of what a page may say
MAX_CHANGES = 32  # objects of one edit that are told one by one; more, and their lists come whole
LISTS = {"group": "groups", "scene": "scenes", "cue_list": "cues", "schedule": "schedule"}


async def listen(request: web.Request) -> web.WebSocketResponse:
    feed = request.app[LIVE]
    if len(feed) >= MAX_LISTENERS:
        raise RequestError("", f"there are {MAX_LISTENERS} subscribers already", status=503)
    socket = web.WebSocketResponse(
        timeout=CLOSE_TIMEOUT_S, heartbeat=HEARTBEAT_S, max_msg_size=MAX_HEARD, compress=False
    )
    listener = feed.join(_welcome(request))
    try:
        await socket.prepare(request)
        sending = asyncio.create_task(_send(socket, listener, request.transport))
        try:
            await _hear(socket, listener, request.app)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
    finally:
        _watch(request.app, listener, False)
        feed.leave(listener)
    return socket


def _welcome(request: web.Request) -> dict[str, Any]:
    app = request.app
    return {"name": app[CONFIG].hub.name, "role": request[WHO].role, "epoch": app[CLOCK].epoch}


async def _send(socket: web.WebSocketResponse, listener: Listener, transport: asyncio.Transport | None) -> None:
    """What waits for a page, until it is closed."""
    try:
        while (frame := await listener.next()) is not None:
            async with asyncio.timeout(STALL_S):
                await socket.send_frame(frame.data, WSMsgType.BINARY if frame.binary else WSMsgType.TEXT)
        code = WSCloseCode.TRY_AGAIN_LATER if listener.closed == TOO_SLOW else WSCloseCode.GOING_AWAY
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await socket.close(code=code, message=listener.closed.encode())
    except (TimeoutError, ConnectionError) as error:
        if isinstance(error, TimeoutError):
            listener.close(STALLED)
        if transport is not None:
            transport.abort()


async def _hear(socket: web.WebSocketResponse, listener: Listener, app: web.Application) -> None:
    async for message in socket:
        wish = _wish(message.data) if message.type is WSMsgType.TEXT else None
        if wish is None:
            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b'only {"preview": true or false} is heard')
            return
        _watch(app, listener, wish)


def _wish(text: str) -> bool | None:
    """Whether previews are wanted; None if it says something else."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    wish = said.get("preview") if isinstance(said, dict) and len(said) == 1 else None
    return wish if isinstance(wish, bool) else None


def _watch(app: web.Application, listener: Listener, wish: bool) -> None:
    if wish != listener.watches:
        listener.watches = wish
        previews = app[CONTROL].previews
        if wish:
            previews.watch()
        else:
            previews.unwatch()


# ---- what events say


def new_feed(app: web.Application) -> Feed:
    """The stream of this application, in the order in which a page gets the state; `follow` joins it to the rest."""

    def of(make: Callable[[web.Application], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
        return lambda: make(app)

    kinds: dict[str, Callable[[web.Application], dict[str, Any]]] = {
        "catalog": _catalog,
        "nodes": _nodes,
        "playing": _playing,
        "tempo": _tempo,
        "groups": lambda app: objects.listed(app, "group"),
        "scenes": lambda app: objects.listed(app, "scene"),
        "cues": lambda app: objects.listed(app, "cue_list"),
        "schedule": lambda app: objects.listed(app, "schedule"),
        "metrics": nodes.figures,
        "ota": _ota,
        "log": lambda app: {"lines": list(app[LOG_RING].lines), "all": True},
    }
    return Feed({kind: of(make) for kind, make in kinds.items()}, lambda: bool(app[CONDUCTOR].planned()))


def follow(app: web.Application) -> Coroutine[None, None, None]:
    """Let the feed hear of all that happens; a coroutine that has to run meanwhile."""
    feed, news = app[LIVE], app[SHOW].news
    app[NODES].subscribe(lambda change: feed.changed("nodes", "catalog", "scenes"))
    app[CONDUCTOR].on_change.append(lambda: feed.changed("playing"))
    app[LOG_RING].on_line = feed.add_line

    async def run() -> None:
        while True:  # one who was too slow hears of everything anew
            async for event in news.subscribe():
                if event.kind == "show":
                    _edited(app, event.body)
                else:
                    feed.changed(event.kind)
            feed.changed(*LISTS.values(), "playing", "tempo", "nodes")

    return run()


def _edited(app: web.Application, edit: dict[str, Any]) -> None:
    """An edit of the show: a few objects are told as they are now, many as whole lists."""
    feed = app[LIVE]
    changes = [change for change in edit["changed"] if change["kind"] in LISTS]
    if len(changes) < len(edit["changed"]):
        feed.changed("nodes")
    if len(changes) > MAX_CHANGES or any(not change["id"] for change in changes):
        feed.changed(*{LISTS[change["kind"]] for change in changes})
        return
    told = [_as_it_is(app, change) for change in changes]
    if told:
        feed.add("show", {"changed": told, "what": edit["what"]}, *{LISTS[change["kind"]] for change in changes})


def _as_it_is(app: web.Application, change: dict[str, Any]) -> dict[str, Any]:
    kind, key = change["kind"], change["id"]
    item = app[SHOW].store.document.find(kind, key)
    told = {"list": LISTS[kind], "id": key}
    return {**told, "item": None if item is None else objects.described(app, kind, item)}


def _nodes(app: web.Application) -> dict[str, Any]:
    """All nodes, in the order of the show; what their catalogues say is an event of its own."""
    described = (nodes.describe(app, node) for node in app[NODES].nodes())
    listed = [{key: value for key, value in node.items() if key != "catalog"} for node in described]
    return {"nodes": sorted(listed, key=lambda node: (node["order"], node["id"]))}


def _catalog(app: web.Application) -> dict[str, Any]:
    """All names, and by MAC the names of those nodes that have others than the rest."""
    known = [node for node in app[NODES].nodes() if node.effects]
    effects = catalog.merged(node.effects for node in known)
    palettes = catalog.merged(node.palettes for node in known)

    def differs(node: Node) -> bool:
        return list(node.effects) != effects or list(node.palettes) != palettes

    own = {node.mac: {"effects": node.effects, "palettes": node.palettes} for node in known if differs(node)}
    return {"effects": effects, "palettes": palettes, "nodes": own}


def _playing(app: web.Application) -> dict[str, Any]:
    """What all play, by MAC what those play that play something else, and which scenes and cue lists it comes from."""
    app[CONDUCTOR].tidy()
    _, others = app[CONDUCTOR].snapshot()
    effects, palettes = show.names(app)

    def channels(scores: Scores) -> dict[str, Any]:
        return {name: show.block(getattr(scores, name), effects, palettes) for name in ("a", "b")}

    own = {mac: {"channels": channels(scores)} for mac, scores in others.items()}
    return {"scene": show.scene(app), "nodes": own, **app[SHOW].player.playing()}


def _tempo(app: web.Application) -> dict[str, Any]:
    clock = app[CLOCK]
    now_us = clock.now_us()
    beat = clock.beat_at(now_us)
    return {**app[TEMPO].describe(), "beat": {**beat._asdict(), "bar": beat.bar}, "hubNow_us": now_us}


def _ota(app: web.Application) -> dict[str, Any]:
    updates = app[UPDATES]
    return {"releases": [described(each) for each in updates.store.releases()], "rollout": updates.describe()}
