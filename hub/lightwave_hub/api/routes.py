"""All paths of the hub but the control plane's, in one table."""

from importlib import resources
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from lightwave_hub.api import nodes, records, show

# The access point has no internet: the page may load nothing from elsewhere, and nobody may frame it.
_PAGE_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'self'; img-src data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_PAGE_FILES = {"/": "index.html", "/records": "records.html"} | {
    f"/{name}": name for name in ("page.css", "page.js", "records.js", "vendor/uPlot.css", "vendor/uPlot.js")
}
# Not left to the machine's own table of types, which may know none of them: browsers refuse a script of another type.
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


def add_routes(app: web.Application) -> None:
    app.add_routes(
        [
            web.get("/health", nodes.health),
            web.get("/metrics", nodes.show_metrics),
            web.get("/api/nodes", nodes.list_nodes),
            web.get("/api/nodes/{id}", nodes.show_node),
            web.get("/api/catalog", nodes.show_catalog),
            web.get("/api/scene", show.show_scene),
            web.post("/api/scene", show.play_scene),
            web.get("/api/edges", show.list_edges),
            web.delete("/api/edges/{edge}", show.cancel_edge),
            web.get("/api/tempo", show.show_tempo),
            web.post("/api/tempo", show.set_tempo),
            web.get("/api/global/brightness", show.show_master),
            web.post("/api/global/brightness", show.set_master),
            web.get("/api/global/blackout", show.show_blackout),
            web.post("/api/global/blackout", show.set_blackout),
            web.get("/api/clock", show.show_clock),
            web.get("/api/records", records.summary),
            web.get("/api/records/{mac}/minutes", records.minutes),
            web.get("/api/records/{mac}/{stream}", records.show),
        ]
    )
    for path, name in _PAGE_FILES.items():
        app.router.add_get(path, _page_file(name))


def _page_file(name: str) -> Handler:
    path = Path(str(resources.files("lightwave_hub") / "web" / name))
    headers = {**_PAGE_HEADERS, "Content-Type": f"{_TYPES[path.suffix]}; charset=utf-8"}

    async def send(request: web.Request) -> web.FileResponse:
        return web.FileResponse(path, headers=headers)

    return send
