"""The updates' paths: what nodes fetch (specification, section 11), and what the command line and the page ask for."""

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import Any, BinaryIO

from aiohttp import web

from lightwave.fields import FieldError, Int
from lightwave.release import BOARDS, MAX_SIZES
from lightwave_hub.api import bodies
from lightwave_hub.api import update_answers as answers
from lightwave_hub.api.route import Route
from lightwave_hub.checked import json_schema
from lightwave_hub.errors import RequestError
from lightwave_hub.keys import UPDATES
from lightwave_hub.log import event, ota_log
from lightwave_hub.ota import plan
from lightwave_hub.ota.errors import ImageError
from lightwave_hub.ota.service import EXPIRES_DAYS, Updates
from lightwave_hub.ota.store import Release

_CHUNK = 64 * 1024
READ_TIMEOUT_S = 30.0  # for a peer to take a chunk
_MOST_DIGITS = 15  # of a rollout's number: what JSON and SQLite both carry
_STABLE_BOARD = "K1_S3"  # whose newest firmware is the manifest's `stable`


def _updates(request: web.Request) -> Updates:
    return request.app[UPDATES]


# ---- what nodes fetch


async def show_manifest(request: web.Request) -> web.Response:
    releases = _updates(request).store.releases()
    newest: dict[str, Release] = {}
    for each in releases:
        newest.setdefault(each.board, each)
    k1: dict[str, Any] = {"boards": {board: described(each) for board, each in newest.items()}}
    if releases:
        k1["stable"] = described(newest.get(_STABLE_BOARD, releases[0]))
    return web.json_response({"k1": k1})


def described(release: Release) -> dict[str, Any]:
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
    if any(known.value in (found.sha256, "*") for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    begin, end = 0, found.size
    status = 200
    if _asks_for_a_part(request, etag):
        begin, end = _range(request, found.size)
        status = 206
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{found.size}"
    response = web.StreamResponse(status=status, headers=headers)
    response.content_type = "application/octet-stream"
    response.content_length = end - begin
    with await asyncio.to_thread(_open, updates.store.image_path(found.sha256), found) as file:
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        began_s = time.monotonic()
        try:
            await _send(response, file, begin, end)
        except (OSError, EOFError) as error:
            # The head has promised more; only the end of the connection tells the peer that it does not come.
            if request.transport is not None:
                request.transport.abort()
            event(ota_log, logging.INFO, "image not sent", ip=request.remote, why=repr(error))
            return response
    took_ms = round(1000 * (time.monotonic() - began_s), 1)
    event(ota_log, logging.INFO, "image sent", ip=request.remote, bytes=end - begin, ms=took_ms)
    await response.write_eof()
    return response


def _open(path: Path, release: Release) -> BinaryIO:
    """Raises RequestError for an image that the disk has lost."""
    try:
        file = path.open("rb")
        if os.fstat(file.fileno()).st_size == release.size:
            return file
        file.close()
    except OSError:
        pass
    detail = f"the image of {release.version} for {release.board} is lost or damaged on the hub; add it again"
    raise RequestError("version", detail, 500)


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


async def _send(response: web.StreamResponse, file: BinaryIO, begin: int, end: int) -> None:
    """Raises OSError when the peer has gone or does not read, or the disk fails; EOFError for a file cut short."""
    file.seek(begin)
    while begin < end:
        chunk = await asyncio.to_thread(file.read, min(_CHUNK, end - begin))
        if not chunk:
            raise EOFError("cut short since it was opened")
        async with asyncio.timeout(READ_TIMEOUT_S):
            await response.write(chunk)
        begin += len(chunk)


# ---- orders


async def show_status(request: web.Request) -> web.Response:
    updates = _updates(request)
    return web.json_response(
        {
            "public_key": updates.key.public,
            "releases": [described(each) for each in updates.store.releases()],
            "rollout": updates.describe(),
        }
    )


async def show_audit(request: web.Request) -> web.Response:
    return web.json_response({"audit": _updates(request).store.audit(_limit(request, plan.AUDIT_LIMIT, 200))})


async def list_rollouts(request: web.Request) -> web.Response:
    limit = _limit(request, plan.ROLLOUTS_LIMIT, 20)
    return web.json_response({"rollouts": _updates(request).describe_all(limit)})


async def show_rollout(request: web.Request) -> web.Response:
    text = request.match_info["number"]
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise RequestError("number", f"must be a whole number of at most {_MOST_DIGITS} digits", 404)
    return web.json_response({"rollout": _updates(request).describe_one(int(text))})


def _limit(request: web.Request, rule: Int, default: int) -> int:
    text = request.query.get("limit", str(default))
    try:
        limit: int = rule.check(int(text) if text.isascii() and text.isdecimal() else text, "limit")
    except FieldError as error:
        raise RequestError(error.field, error.detail) from None
    return limit


async def list_images(request: web.Request) -> web.Response:
    return web.json_response({"images": [described(each) for each in _updates(request).store.releases()]})


async def show_image(request: web.Request) -> web.Response:
    version, board = request.match_info["version"], request.match_info["board"]
    return web.json_response(described(_updates(request).find(version, board)))


async def remove_image(request: web.Request) -> web.Response:
    _updates(request).remove(request.match_info["version"], request.match_info["board"])
    return web.Response(status=204)


async def add_image(request: web.Request) -> web.Response:
    """The body is the image; the query says version, board and expires_days."""
    updates = _updates(request)
    text = request.query.get("expires_days", str(EXPIRES_DAYS))
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= 10 * EXPIRES_DAYS:
        raise RequestError("expires_days", f"must be a whole number 1..{10 * EXPIRES_DAYS}")
    data = await _read_image(request)
    release = await updates.add(data, request.query.get("version", ""), request.query.get("board", ""), int(text))
    return web.json_response(described(release))


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
    updates.change(request.path.rpartition("/")[2])
    return web.json_response({"rollout": updates.describe()})


_VERSION = {"version": {"type": "string", "pattern": plan.VERSION_PATTERN}}
_BOARD = {"board": {"enum": sorted(BOARDS)}}
_NUMBER = {"number": {"type": "integer", "minimum": 1, "maximum": 10**_MOST_DIGITS - 1}}
_DAYS = {"expires_days": {"type": "integer", "minimum": 1, "maximum": 10 * EXPIRES_DAYS}}
_ORDERS = ("pause", "resume", "abort")
_IMAGE = "/api/ota/images/{board}/{version}"
# Nodes have no token: what they fetch is open, and safe by its signature.
ROUTES = (
    Route(
        "GET", "/ota/manifest.json", show_manifest, "open", "the newest release of each board",
        answer=answers.Manifest,
    ),
    Route(
        "GET", "/ota/k1/{board}/{version}.bin", send_image, "open", "an image, whole or by ranges",
        parameters={**_VERSION, "board": {"enum": ["s3", *(name.lower() for name in sorted(BOARDS))]}},
        media="application/octet-stream",
    ),
    Route(
        "GET", "/api/ota", show_status, "view", "releases, and the newest rollout with each node's progress",
        answer=answers.Updates,
    ),
    Route("GET", "/api/ota/images", list_images, "view", "the releases", answer=answers.Releases),
    Route(
        "POST", "/api/ota/images", add_image, "admin", "read, sign and keep the image that is the body",
        answer=answers.Release, query={**_VERSION, **_BOARD, **_DAYS}, takes="application/octet-stream",
    ),
    Route(
        "GET", _IMAGE, show_image, "view", "one release", answer=answers.Release, parameters={**_VERSION, **_BOARD},
    ),
    Route(
        "DELETE", _IMAGE, remove_image, "admin", "remove a release and its image", status=204,
        parameters={**_VERSION, **_BOARD},
    ),
    Route(
        "GET", "/api/ota/rollouts", list_rollouts, "view", "rollouts, the newest first", answer=answers.Rollouts,
        query={"limit": json_schema(plan.ROLLOUTS_LIMIT)},
    ),
    Route(
        "GET", "/api/ota/rollouts/{number}", show_rollout, "view", "one rollout",
        answer=answers.RolloutAnswer, parameters=_NUMBER,
    ),
    Route(
        "GET", "/api/ota/audit", show_audit, "view", "what was done and happened, the newest last",
        answer=answers.Audit, query={"limit": json_schema(plan.AUDIT_LIMIT)},
    ),
    Route("POST", "/api/ota/push", push, "admin", "begin a rollout", plan.RULES, answers.RolloutAnswer),
    Route("POST", "/api/ota/rollback", roll_back, "admin", "bring a version back", plan.RULES, answers.RolloutAnswer),
    *(
        Route("POST", f"/api/ota/{order}", change, "admin", f"{order} the rollout", answer=answers.RolloutAnswer)
        for order in _ORDERS
    ),
)  # fmt: skip
