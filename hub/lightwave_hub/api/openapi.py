"""The description of the API: an OpenAPI 3.1 document, made of the routes and the models that check requests."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from lightwave_hub.api.answers import Problem
from lightwave_hub.api.route import Route
from lightwave_hub.checked import Slug, json_schema

_REF = "#/components/schemas/"
_IN_PATH = re.compile(r"\{(\w+)(?::[^}]*)?\}")
_ROLES = {
    "open": "Anybody may.",
    "view": "Needs the role view.",
    "play": "Needs the role play.",
    "admin": "Needs the role admin.",
}


def describe(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """The document, as JSON."""
    routes = list(routes)
    models: set[type[BaseModel]] = {Problem}
    for route in routes:
        models |= {each for each in (route.body, route.reads, route.answer) if isinstance(each, type)}
    ordered = sorted(models, key=lambda model: model.__name__)
    refs, together = models_json_schema([(model, "validation") for model in ordered], ref_template=_REF + "{model}")
    schemas = {model: refs[model, "validation"] for model in ordered}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = _IN_PATH.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "K1 LightwaveOS hub",
            "version": version,
            "description": "Conducts LED nodes: what they play, the show and its cue lists, tempo, health.",
        },
        "paths": paths,
        "components": {"schemas": _tidy(together["$defs"]), "securitySchemes": {"token": _TOKEN}},
    }


def _operation(route: Route, schemas: dict[Any, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if route.answer is not None:
        content["application/json"] = {"schema": schemas[route.answer]}
    if route.media:
        content[route.media] = {}
    answer: dict[str, Any] = {"description": "done", **({"content": content} if content else {})}
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}_{re.sub('[^a-z0-9]+', '_', route.path.lower()).strip('_')}",
        "tags": [_tag(route.path)],
        "summary": route.summary[0].upper() + route.summary[1:].rstrip(".") + ".",
        "description": _ROLES[route.role],
        "responses": {str(route.status): answer, "default": _REFUSED},
    }
    if route.role != "open":
        operation["security"] = [{"token": []}]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": route.parameters.get(name, json_schema(Slug()))}
        for name in _IN_PATH.findall(route.path)
    ]
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in route.query.items()]
    if parameters:
        operation["parameters"] = parameters
    body = route.body or route.reads
    if body is not None:
        schema = schemas[body] if isinstance(body, type) else json_schema(body)
        operation["requestBody"] = {
            "required": not route.may_be_empty,
            "content": {"application/json": {"schema": schema}},
        }
    elif route.takes:
        operation["requestBody"] = {"required": True, "content": {route.takes: {"schema": _BYTES}}}
    return operation


_BYTES = {"type": "string", "format": "binary"}
_TOKEN = {"type": "http", "scheme": "bearer", "description": "Of `k1 token add`; the page has a session instead."}
_REFUSED = {
    "description": "refused, and why",
    "content": {"application/problem+json": {"schema": {"$ref": _REF + "Problem"}}},
}


def _tag(path: str) -> str:
    """What a route is about: the first word of its path below /api."""
    words = [word for word in path.split("/") if word]
    return words[1] if words[0] == "api" and len(words) > 1 else words[0]


def _tidy(schema: Any) -> Any:
    """Without titles, which only repeat names, and defaults that stand for absent."""
    if isinstance(schema, dict):
        return {
            name: _tidy(value)
            for name, value in schema.items()
            if not (name == "title" and isinstance(value, str)) and not (name == "default" and value in (None, ""))
        }
    return [_tidy(each) for each in schema] if isinstance(schema, list) else schema
