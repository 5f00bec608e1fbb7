"""The updates' paths: what nodes fetch (specification, section 11), and what the command line and the page ask for."""

import asyncio
import logging
import time
from typing import Any

from aiohttp import web

from lightwave.fields import FieldError
from lightwave.release import MAX_SIZES
from lightwave_hub.api import bodies
from lightwave_hub.api.route import Route
from lightwave_hub.errors import RequestError
from lightwave_hub.log import event, ota_log
from lightwave_hub.ota import plan
from lightwave_hub.ota.errors import ImageError
from lightwave_hub.ota.service import EXPIRES_DAYS, Updates
from lightwave_hub.ota.store import Release

UPDATES = web.AppKey("updates", Updates)
_CHUNK = 64 * 1024
_STABLE_BOARD = "K1_S3"  # whose newest firmware is the manifest's `stable`


def _updates(request: web.Request) -> Updates:
    return request.app[UPDATES]


# ---- what nodes fetch


async def show_manifest(request: web.Request) -> web.Response:
    releases = _updates(request).store.releases()
    newest: dict[str, Release] = {}
    for each in releases:
        newest.setdefault(each.board, each)
    k1: dict[str, Any] = {"boards": {board: _described(each) for board, each in newest.items()}}
    if releases:
        k1["stable"] = _described(newest.get(_STABLE_BOARD, releases[0]))
    return web.json_response({"k1": k1})


def _described(release: Release) -> dict[str, Any]:
    names = (
        "version", "url", "sha256", "size", "kind", "board", "counter", "expires", "statement", "signature", "added_s",
    )  # fmt: skip
    return {name: getattr(release, name) for name in names}


async def send_image(request: web.Request) -> web.StreamResponse:
    """The image of a version, whole or from a byte on. Its ETag is the hash of its content."""
    updates = _updates(request)
    found = next((each for each in updates.store.releases() if each.url == request.path), None)
    if found is None:
        raise RequestError("version", "there is no such release", 404)
    etag = f'"{found.sha256}"'
    headers = {"ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers=headers)
    begin, end = _range(request, found.size) if _asks_for_a_part(request, etag) else (0, found.size)
    status = 200
    if _asks_for_a_part(request, etag):
        status = 206
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{found.size}"
    response = web.StreamResponse(status=status, headers=headers)
    response.content_type = "application/octet-stream"
    response.content_length = end - begin
    await response.prepare(request)
    if request.method != "HEAD":
        began_s = time.monotonic()
        await _send(response, updates.store.image_path(found.sha256), begin, end)
        took_ms = round(1000 * (time.monotonic() - began_s), 1)
        event(ota_log, logging.INFO, "image sent", ip=request.remote, bytes=end - begin, ms=took_ms)
    await response.write_eof()
    return response


def _asks_for_a_part(request: web.Request, etag: str) -> bool:
    """Also by a range that happens to be everything; not of another content than this."""
    return "Range" in request.headers and request.headers.get("If-Range", etag) == etag


def _range(request: web.Request, size: int) -> tuple[int, int]:
    """First byte, and the one after the last. Raises RequestError 416."""
    try:
        wanted = request.http_range
    except ValueError:
        raise RequestError("Range", "must be bytes=FIRST- or bytes=FIRST-LAST", 416) from None
    begin, end, _ = slice(wanted.start, wanted.stop).indices(size)
    if begin >= end:
        raise RequestError("Range", f"is not within the image's {size} bytes", 416)
    return begin, end


async def _send(response: web.StreamResponse, path: Any, begin: int, end: int) -> None:
    with await asyncio.to_thread(open, path, "rb") as file:
        file.seek(begin)
        while begin < end:
            chunk = await asyncio.to_thread(file.read, min(_CHUNK, end - begin))
            await response.write(chunk)
            begin += len(chunk)


# ---- orders


async def show_status(request: web.Request) -> web.Response:
    updates = _updates(request)
    return web.json_response(
        {
            "public_key": updates.key.public,
            "releases": [_described(each) for each in updates.store.releases()],
            "rollout": updates.describe(),
        }
    )


async def show_audit(request: web.Request) -> web.Response:
    text = request.query.get("limit", "200")
    try:
        limit = plan.AUDIT_LIMIT.check(int(text) if text.isdecimal() else text, "limit")
    except FieldError as error:
        raise RequestError(error.field, error.detail) from None
    return web.json_response({"audit": _updates(request).store.audit(limit)})


async def add_image(request: web.Request) -> web.Response:
    """The body is the image; the query says version, board and expires_days."""
    updates = _updates(request)
    text = request.query.get("expires_days", str(EXPIRES_DAYS))
    if not text.isdecimal() or not 1 <= int(text) <= 10 * EXPIRES_DAYS:
        raise RequestError("expires_days", f"must be a whole number 1..{10 * EXPIRES_DAYS}")
    data = await _read_image(request)
    release = await updates.add(data, request.query.get("version", ""), request.query.get("board", ""), int(text))
    return web.json_response(_described(release))


async def _read_image(request: web.Request) -> bytes:
    """Not request.read(), whose limit is that of small bodies."""
    most = max(MAX_SIZES.values())
    data = bytearray()
    async for chunk in request.content.iter_chunked(_CHUNK):
        data += chunk
        if len(data) > most:
            raise ImageError("size", f"is above {most} bytes, more than any board takes")
    return bytes(data)


async def push(request: web.Request) -> web.Response:
    return await _begin(request, _updates(request).push)


async def roll_back(request: web.Request) -> web.Response:
    return await _begin(request, _updates(request).roll_back)


async def _begin(request: web.Request, order: Any) -> web.Response:
    body = await bodies.read(request, plan.RULES)
    order(body["version"], plan.options_of(body))
    return web.json_response({"rollout": _updates(request).describe()})


async def change(request: web.Request) -> web.Response:
    updates = _updates(request)
    updates.change(request.match_info["order"])
    return web.json_response({"rollout": updates.describe()})


_TEXT = {"type": "string"}
# Nodes have no token: what they fetch is open, and safe by its signature.
ROUTES = (
    Route("GET", "/ota/manifest.json", show_manifest, "open", "The newest release of each board."),
    Route(
        "GET", "/ota/k1/{board}/{version}.bin", send_image, "open", "An image, whole or by ranges.",
        parameters={"board": _TEXT, "version": _TEXT},
    ),
    Route("GET", "/api/ota", show_status, "view", "Releases, and the newest rollout with each node's progress."),
    Route("GET", "/api/ota/audit", show_audit, "view", "What was done and happened, the newest last."),
    Route("POST", "/api/ota/images", add_image, "admin", "Read, sign and keep the image that is the body."),
    Route("POST", "/api/ota/push", push, "admin", "Begin a rollout.", body=plan.RULES),
    Route("POST", "/api/ota/rollback", roll_back, "admin", "Bring a version back, at once.", body=plan.RULES),
    Route(
        "POST", "/api/ota/{order:pause|resume|abort}", change, "admin", "Pause, resume or abort the rollout.",
        parameters={"order": {"enum": ["pause", "resume", "abort"]}},
    ),
)  # fmt: skip
