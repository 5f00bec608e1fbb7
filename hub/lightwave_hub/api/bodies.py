"""Reading request bodies."""

import json
from typing import Any

from aiohttp import web

from lightwave.fields import FieldError
from lightwave_hub.errors import RequestError
from lightwave_hub.rules import Closed


async def read(request: web.Request, rules: Closed) -> dict[str, Any]:
    """The checked JSON object of a request. Raises RequestError."""
    try:
        document = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise RequestError("", "the body must be a JSON object") from None
    if not isinstance(document, dict):
        raise RequestError("", "the body must be a JSON object")
    try:
        return rules.check(document, "")
    except FieldError as error:
        raise RequestError(error.field, error.detail) from None
