"""Reading request bodies."""

import json
from typing import Any, TypeVar

from aiohttp import web
from pydantic import ValidationError

from lightwave.fields import FieldError
from lightwave_hub.checked import Checked, fault
from lightwave_hub.errors import RequestError
from lightwave_hub.rules import Closed

_Model = TypeVar("_Model", bound=Checked)


async def read_model(request: web.Request, model: type[_Model], *, may_be_empty: bool = False) -> _Model:
    """The checked body of a request. Raises RequestError."""
    data = await request.read()
    return checked(model, {} if may_be_empty and not data else parse(data))


async def read(request: web.Request, rules: Closed) -> dict[str, Any]:
    """The checked JSON object of a request. Raises RequestError."""
    try:
        return rules.check(parse(await request.read()), "")
    except FieldError as error:
        raise RequestError(error.field, error.detail) from None


def parse(data: bytes) -> dict[str, Any]:
    """A JSON object. Raises RequestError."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise RequestError("", "the body must be a JSON object") from None
    if not isinstance(document, dict):
        raise RequestError("", "the body must be a JSON object")
    return document


def checked(model: type[_Model], document: object) -> _Model:
    """`document` as a model. Raises RequestError naming the first field at fault."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise RequestError(*fault(error)) from None
