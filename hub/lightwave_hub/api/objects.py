"""The objects of the show: list, create, look at, replace, delete. One set of handlers for all kinds."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from pydantic import BaseModel, create_model

from lightwave_hub.api import answers, requests
from lightwave_hub.api.bodies import checked
from lightwave_hub.api.route import Route
from lightwave_hub.keys import SHOW
from lightwave_hub.show import models
from lightwave_hub.show.document import KINDS, Document, Edit, key_of
from lightwave_hub.show.models import Item, ShowNode
from lightwave_hub.show.schedule import iso, next_due
from lightwave_hub.show.stage import missing

Handler = Callable[..., Awaitable[web.StreamResponse]]
MAC = {"type": "string", "pattern": "^[0-9A-F]{2}(:[0-9A-F]{2}){5}$"}


class Objects:
    """The routes of one kind."""

    def __init__(self, kind: str, path: str, info: type[BaseModel]) -> None:
        self._kind = kind
        self._path = path
        self._info = info

    async def show_all(self, request: web.Request) -> web.Response:
        return web.Response(text=_in_pieces(listed(request.app, self._kind)), content_type="application/json")

    async def create(self, request: web.Request, body: Item) -> web.Response:
        edit = await request.app[SHOW].store.edit(lambda document: document.create(self._kind, body))
        answer = self._answer(request, edit, 201)
        answer.headers["Location"] = f"{self._path}/{edit.changes[0].key}"
        return answer

    async def show(self, request: web.Request) -> web.Response:
        item = request.app[SHOW].store.document.get(self._kind, request.match_info["id"])
        return web.json_response(described(request.app, self._kind, item))

    async def replace(self, request: web.Request, body: Item) -> web.Response:
        key = request.match_info["id"]
        edit = await request.app[SHOW].store.edit(lambda document: document.replace(self._kind, key, body))
        return self._answer(request, edit, 200)

    async def delete(self, request: web.Request) -> web.Response:
        key = request.match_info["id"]
        await request.app[SHOW].store.edit(lambda document: document.delete(self._kind, key))
        return web.Response(status=204)

    def routes(self) -> tuple[Route, ...]:
        model, word, many = KINDS[self._kind].model, KINDS[self._kind].word, f"{self._path.rpartition('/')[2]}"
        listed = _list_of(self._info, many)
        one = self._path + "/{id}"
        return (
            Route("GET", self._path, self.show_all, "view", f"all of {many}, in their order", answer=listed),
            Route("POST", self._path, self.create, "admin", f"create a {word}", model, self._info, 201),
            Route("GET", one, self.show, "view", f"one {word}", answer=self._info),
            Route("PUT", one, self.replace, "admin", f"replace a {word}", model, self._info),
            Route("DELETE", one, self.delete, "admin", f"delete a {word} that nothing else uses", status=204),
        )

    def _answer(self, request: web.Request, edit: Edit, status: int) -> web.Response:
        after = edit.changes[0].after
        assert after is not None
        return web.json_response(described(request.app, self._kind, after.item), status=status)


def _list_of(info: type[BaseModel], many: str) -> type[BaseModel]:
    fields: dict[str, Any] = {"items": (list[info], ...)}  # type: ignore[valid-type]
    if info is answers.Entry:
        fields |= {"missed": (answers.Happened | None, ...), "last": (answers.Happened | None, ...)}
    return create_model(f"ListOf{many.capitalize()}", **fields)


def _in_pieces(body: dict[str, Any]) -> str:
    """The JSON of a list, made item by item: a thousand scenes in one go would hold up the ticks for 6 ms."""
    items = ", ".join(map(json.dumps, body.pop("items")))
    rest = json.dumps(body)
    return f'{{"items": [{items}]{", " if body else ""}{rest[1:]}'


def listed(app: web.Application, kind: str) -> dict[str, Any]:
    """All objects of a kind, in their order."""
    document, more = app[SHOW].store.document, _describer(app, kind)
    pairs = zip(document.items(kind), document.dumped(kind), strict=True)
    body: dict[str, Any] = {"items": [{**dumped, **more(item)} for item, dumped in pairs]}
    if kind == "schedule":
        scheduler = app[SHOW].scheduler
        for name, happened in (("missed", scheduler.missed), ("last", scheduler.last)):
            body[name] = None if happened is None else happened.describe()
    return body


def described(app: web.Application, kind: str, item: Any) -> dict[str, Any]:
    """An object, and what is known of it besides."""
    return {**item.model_dump(mode="json"), **_describer(app, kind)(item)}


def _describer(app: web.Application, kind: str) -> Callable[[Any], dict[str, Any]]:
    """What gives, for any object of a kind, that which is known of it besides."""
    show = app[SHOW]
    if kind == "scene":
        effects, palettes = show.stage.names()
        return lambda scene: {"missing": missing(scene, effects, palettes)}
    if kind == "cue_list":
        return lambda cue_list: {name: show.player.describe(cue_list.id)[name] for name in ("current", "waiting")}
    if kind == "schedule":
        seen_s = show.scheduler.seen_s
        return lambda entry: {"next": iso(next_due(entry, seen_s)) if entry.enabled else None}
    return lambda _: {}


# ---- nodes of the show, whose ids are their MACs


async def list_nodes(request: web.Request) -> web.Response:
    nodes: list[ShowNode] = request.app[SHOW].store.document.items("node")
    ordered = sorted(nodes, key=lambda node: (node.order, node.name.casefold()))
    return web.json_response({"items": [node.model_dump(mode="json") for node in ordered]})


async def change_node(request: web.Request, body: requests.ChangeNode) -> web.Response:
    """A node the show does not know yet becomes one of it."""
    mac = request.match_info["mac"]

    def plan(document: Document) -> Edit:
        known: ShowNode | None = document.find("node", mac)
        before = known.model_dump() if known is not None else {"mac": mac, "name": mac}
        node = checked(ShowNode, before | body.model_dump())
        return document.create("node", node) if known is None else document.replace("node", mac, node)

    edit = await request.app[SHOW].store.edit(plan)
    after = edit.changes[0].after
    assert after is not None and key_of("node", after.item) == mac
    return web.json_response(after.item.model_dump(mode="json"))


async def forget_node(request: web.Request) -> web.Response:
    mac = request.match_info["mac"]
    await request.app[SHOW].store.edit(lambda document: document.delete("node", mac))
    return web.Response(status=204)


class ListOfNodes(BaseModel):
    items: list[ShowNode]


_NODE = "/api/show/nodes/{mac}"
ROUTES = (
    Route("GET", "/api/show/nodes", list_nodes, "view", "the nodes of the show, in their order", answer=ListOfNodes),
    Route(
        "PATCH", _NODE, change_node, "admin", "name, order or disable a node; one that the show does not know joins it",
        requests.ChangeNode, ShowNode, parameters={"mac": MAC},
    ),
    Route("DELETE", _NODE, forget_node, "admin", "let the show forget a node", status=204, parameters={"mac": MAC}),
    *Objects("group", "/api/groups", models.Group).routes(),
    *Objects("scene", "/api/scenes", answers.SceneInfo).routes(),
    *Objects("cue_list", "/api/cues", answers.CueListInfo).routes(),
    *Objects("schedule", "/api/schedule", answers.Entry).routes(),
)  # fmt: skip
