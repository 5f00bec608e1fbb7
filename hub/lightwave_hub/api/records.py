"""Routes about what the nodes' black boxes told."""

import csv
import io
import math
from typing import Any

from aiohttp import web

from lightwave import black_box
from lightwave.fields import FieldError, Mac
from lightwave_hub.api import answers
from lightwave_hub.api.route import Route
from lightwave_hub.checked import json_schema
from lightwave_hub.errors import RequestError
from lightwave_hub.keys import RECORDS
from lightwave_hub.records.keeper import MAX_ROWS

_FAR = 4102444800.0  # 2100


async def summary(request: web.Request) -> web.Response:
    """What there is, by node and stream."""
    return web.json_response({"streams": await request.app[RECORDS].summary()})


async def show(request: web.Request) -> web.Response:
    """Records of a stream between `since` and `until` (Unix seconds), as JSON or, with format=csv, as CSV."""
    mac, stream = _mac(request), request.match_info["stream"]
    if stream not in black_box.STREAMS:
        raise RequestError("stream", f"must be one of {', '.join(black_box.STREAMS)}", status=404)
    since, until = _number(request, "since", 0.0, _FAR), _number(request, "until", _FAR, _FAR)
    limit = int(_number(request, "limit", 10_000, MAX_ROWS))
    return _answer(request, "records", await request.app[RECORDS].read(mac, stream, since, until, limit))


async def minutes(request: web.Request) -> web.Response:
    """Metrics of a node by the minute, as far back as they are kept."""
    since, until = _number(request, "since", 0.0, _FAR), _number(request, "until", _FAR, _FAR)
    found = await request.app[RECORDS].minutes(_mac(request), since, until)
    return _answer(request, "minutes", found)


def _mac(request: web.Request) -> str:
    try:
        return Mac().check(request.match_info["mac"], "mac")
    except FieldError as error:
        raise RequestError("mac", error.detail, status=404) from None


def _number(request: web.Request, name: str, default: float, most: float) -> float:
    text = request.query.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= most:
        raise RequestError(name, f"must be a number 0..{most:g}, not {text[:32]!r}")
    return value


def _answer(request: web.Request, name: str, rows: list[dict[str, Any]]) -> web.Response:
    wanted = request.query.get("format", "json")
    if wanted == "json":
        return web.json_response({name: rows})
    if wanted != "csv":
        raise RequestError("format", "must be json or csv")
    return web.Response(text=as_csv(rows), content_type="text/csv")


def as_csv(rows: list[dict[str, Any]]) -> str:
    """A line for each row; the columns are all that any row has."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


_MAC = {"mac": json_schema(Mac())}
_SPAN: dict[str, dict[str, Any]] = {
    "since": {"type": "number", "minimum": 0, "maximum": _FAR},
    "until": {"type": "number", "minimum": 0, "maximum": _FAR},
    "format": {"enum": ["json", "csv"]},
}
_LIMIT: dict[str, dict[str, Any]] = {"limit": {"type": "number", "minimum": 0, "maximum": MAX_ROWS}}
_STREAM = {"stream": {"enum": list(black_box.STREAMS)}}

ROUTES = (
    Route("GET", "/api/records", summary, "view", "what nodes recorded, by stream", answer=answers.RecordStreams),
    Route(
        "GET", "/api/records/{mac}/minutes", minutes, "view", "metrics of a node by the minute",
        answer=answers.RecordMinutes, parameters=_MAC, query=_SPAN, media="text/csv",
    ),
    Route(
        "GET", "/api/records/{mac}/{stream}", show, "view", "records of a node",
        answer=answers.Records, parameters={**_MAC, **_STREAM}, query={**_SPAN, **_LIMIT}, media="text/csv",
    ),
)  # fmt: skip
