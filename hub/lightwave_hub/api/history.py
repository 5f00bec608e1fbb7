"""The show as a whole: undo, redo, export, import."""

import asyncio

from aiohttp import web

from lightwave_hub.api import answers
from lightwave_hub.api.bodies import checked, parse
from lightwave_hub.api.route import Route
from lightwave_hub.errors import RequestError
from lightwave_hub.keys import SHOW
from lightwave_hub.show.document import Edit
from lightwave_hub.show.models import Show
from lightwave_hub.show.store import changed

MAX_SHOW_BYTES = 8 << 20  # a show that has the most of everything is about six
_CHUNK = 64 * 1024


async def undo(request: web.Request) -> web.Response:
    return await _stepped(request, await request.app[SHOW].store.undo())


async def redo(request: web.Request) -> web.Response:
    return await _stepped(request, await request.app[SHOW].store.redo())


async def _stepped(request: web.Request, edit: Edit) -> web.Response:
    depth = await request.app[SHOW].store.history()
    return web.json_response({"what": edit.what, "changed": changed(edit), **depth._asdict()})


async def show_history(request: web.Request) -> web.Response:
    store = request.app[SHOW].store
    depth = await store.history()
    return web.json_response({**depth._asdict(), "notice": store.notice, "path": str(store.path)})


async def export(request: web.Request) -> web.Response:
    return web.json_response(request.app[SHOW].store.document.export().model_dump(mode="json"))


async def replace(request: web.Request) -> web.Response:
    """All or nothing, and one edit to undo."""
    data = await _read(request)
    # A large one takes a while to check: not the event loop's while.
    show = await asyncio.to_thread(lambda: checked(Show, parse(data)))
    edit = await request.app[SHOW].store.edit(lambda document: document.replace_all(show))
    return await _stepped(request, edit)


async def _read(request: web.Request) -> bytes:
    """Not request.read(), whose limit is that of small bodies."""
    data = bytearray()
    async for chunk in request.content.iter_chunked(_CHUNK):
        data += chunk
        if len(data) > MAX_SHOW_BYTES:
            raise RequestError("", f"a show has at most {MAX_SHOW_BYTES} bytes", status=413)
    return bytes(data)


ROUTES = (
    Route("GET", "/api/show", export, "view", "the whole show as one document", answer=Show),
    Route(
        "PUT", "/api/show", replace, "admin", "another show instead of this one, all or nothing",
        answer=answers.Stepped, reads=Show,
    ),
    Route("GET", "/api/show/history", show_history, "view", "how many edits can be undone", answer=answers.History),
    Route("POST", "/api/undo", undo, "admin", "take back the newest of the last 50 edits", answer=answers.Stepped),
    Route("POST", "/api/redo", redo, "admin", "make again what was undone last", answer=answers.Stepped),
)  # fmt: skip
