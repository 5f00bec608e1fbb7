"""All paths of the hub but the control plane's, in one table, and the page's files."""

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from lightwave_hub.access.guard import GUARD
from lightwave_hub.api import (
    answers,
    channels,
    docs,
    events,
    history,
    nodes,
    objects,
    openapi,
    playing,
    records,
    requests,
    session,
    show,
    tempo,
    updates,
)
from lightwave_hub.api.route import Route
from lightwave_hub.version import hub_version

# The access point has no internet: the page may load nothing from elsewhere, and nobody may frame it.
_PAGE_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'self'; img-src data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
# Not left to the machine's own table of types, which may know none of them: browsers refuse a script of another type.
_PAGES = {"index.html": "/"}
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_NODE = {"id": channels.NODE}
_EDGE = {"edge": {"type": "integer", "minimum": 1, "maximum": 65535}}


async def show_openapi(request: web.Request) -> web.Response:
    return web.json_response(description())


async def show_docs(request: web.Request) -> web.Response:
    return web.Response(text=docs.page(description()), content_type="text/html", headers=_PAGE_HEADERS)


ROUTES: tuple[Route, ...] = (
    Route("GET", "/health", nodes.health, "open", "whether the stream runs", answer=answers.Health),
    Route(
        "GET", "/metrics", nodes.show_metrics, "open", "figures of the hub and all nodes; as text for Prometheus too",
        answer=answers.Metrics, media="text/plain",
    ),
    Route("GET", "/api/openapi.json", show_openapi, "open", "this description", answer=answers.Anything),
    Route("GET", "/api/docs", show_docs, "open", "this description as a page", media="text/html"),
    Route("GET", "/api/events", events.listen, "view", "a WebSocket: the state, then changes", status=101),
    Route("GET", "/api/nodes", nodes.list_nodes, "view", "nodes and how they are", answer=answers.Nodes),
    Route("GET", "/api/nodes/{id}", nodes.show_node, "view", "one node", answer=answers.Node, parameters=_NODE),
    *channels.ROUTES,
    Route("GET", "/api/catalog", nodes.show_catalog, "view", "effects and palettes there are", answer=answers.Names),
    Route("GET", "/api/scene", show.show_scene, "view", "what all nodes play", answer=answers.NowPlaying),
    Route("POST", "/api/scene", show.play_scene, "play", "let all nodes play", requests.PlayNow, answers.Played),
    Route("GET", "/api/edges", show.list_edges, "view", "edges that went out or wait", answer=answers.KnownEdges),
    Route(
        "DELETE", "/api/edges/{edge}", show.cancel_edge, "play", "take back a planned edge",
        answer=answers.Cancelled, parameters=_EDGE,
    ),
    Route("GET", "/api/global/brightness", show.show_master, "view", "the master brightness", answer=answers.Level),
    Route(
        "POST", "/api/global/brightness", show.set_master, "play", "set the master brightness",
        requests.ByteValue, answers.LevelSet,
    ),
    Route("GET", "/api/global/blackout", show.show_blackout, "view", "whether all is dark", answer=answers.Lit),
    Route(
        "POST", "/api/global/blackout", show.set_blackout, "play", "all dark, or not",
        requests.Blackout, answers.LitSet,
    ),
    Route("GET", "/api/clock", show.show_clock, "view", "hub time and beat", answer=answers.Clock),
    Route("GET", "/api/tempo", tempo.show_tempo, "view", "tempo and its source", answer=answers.Tempo),
    Route(
        "POST", "/api/tempo", tempo.set_tempo, "play", "set, tap or nudge the tempo, or choose its source",
        body=tempo.BODY, answer=answers.Tempo,
    ),
    *objects.ROUTES,
    *playing.ROUTES,
    *history.ROUTES,
    *records.ROUTES,
    *updates.ROUTES,
    *session.ROUTES,
)  # fmt: skip


@cache
def description() -> dict[str, Any]:
    """The OpenAPI document of the table above."""
    return openapi.describe(ROUTES, hub_version())


def add_routes(app: web.Application) -> None:
    for route in ROUTES:
        resource = route.register(app).resource
        app[GUARD].protect(route.method, resource.canonical if resource is not None else route.path, route.role)
    folder = Path(str(resources.files("lightwave_hub") / "web"))
    for path in sorted(folder.rglob("*")):
        if path.suffix in _TYPES:
            app.router.add_get(_PAGES.get(path.name) or f"/{path.relative_to(folder).as_posix()}", _page_file(path))


def _page_file(path: Path) -> Handler:
    headers = {**_PAGE_HEADERS, "Content-Type": f"{_TYPES[path.suffix]}; charset=utf-8"}

    async def send(request: web.Request) -> web.FileResponse:
        return web.FileResponse(path, headers=headers)

    return send
