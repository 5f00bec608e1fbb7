"""The description of the API as a page to read: plain HTML without scripts, made of the OpenAPI document."""

from html import escape
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")


def page(document: dict[str, Any]) -> str:
    """The whole page."""
    info, schemas = document["info"], document["components"]["schemas"]
    sections: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                operation = operations[method]
                sections.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    title = escape(f"{info['title']} {info['version']}")
    contents = " ".join(f'<a href="#{escape(tag)}">{escape(tag)}</a>' for tag in sections)
    routes = "".join(
        f'<section id="{escape(tag)}"><h2>{escape(tag)}</h2>{"".join(each)}</section>' for tag, each in sections.items()
    )
    objects = "".join(
        f'<article id="{escape(name)}"><h3>{escape(name)}</h3>{_schema(schema)}</article>'
        for name, schema in sorted(schemas.items())
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{title}</title><link rel="stylesheet" href="/docs.css"></head><body><header><h1>{title}</h1>'
        f'<p>{escape(info["description"])} The same for programs: <a href="/api/openapi.json">openapi.json</a>.</p>'
        f'<nav aria-label="Parts">{contents} <a href="#objects">objects</a></nav></header><main>{routes}'
        f'<section id="objects"><h2>objects</h2>{objects}</section></main></body></html>'
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    lines = [f"<p>{escape(operation['summary'])} {escape(operation['description'])}</p>"]
    if "parameters" in operation:
        rows = [
            (each["name"], f"{each['in']}: {_type(each['schema'])}", each.get("required", False))
            for each in operation["parameters"]
        ]
        lines.append(_table(rows))
    if "requestBody" in operation:
        for kind, content in operation["requestBody"]["content"].items():
            schema = content["schema"]
            text = _type(schema) if kind == "application/json" else escape(kind)
            lines.append(f"<p>Body: {text}</p>" + (_schema(schema) if "properties" in schema else ""))
    for status, answer in operation["responses"].items():
        for content in answer.get("content", {}).values():
            if status != "default" and "schema" in content:
                lines.append(f"<p>{escape(status)}: {_type(content['schema'])}</p>")
    return f"<article><h3><b>{method.upper()}</b> <code>{escape(path)}</code></h3>{''.join(lines)}</article>"


def _schema(schema: dict[str, Any]) -> str:
    description = f"<p>{escape(schema['description'])}</p>" if "description" in schema else ""
    needed = schema.get("required", ())
    rows = [(name, _type(each), name in needed) for name, each in schema.get("properties", {}).items()]
    return description + (_table(rows) if rows else "")


def _table(rows: list[tuple[str, str, bool]]) -> str:
    body = "".join(
        f"<tr><th scope=row><code>{escape(name)}</code><td>{kind}<td>{'required' if needed else ''}"
        for name, kind, needed in rows
    )
    return f"<table>{body}</table>"


def _type(schema: dict[str, Any]) -> str:
    """What a value may be, in a few words of HTML."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(escape(str(each)) for each in schema["enum"])
    if "const" in schema:
        return escape(str(schema["const"]))
    kind = escape(str(schema.get("type", "anything")))
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}{_range(schema, 'minItems', 'maxItems')}"
    if kind == "string":
        return kind + _range(schema, "minLength", "maxLength")
    return kind + _range(schema, "minimum", "maximum")


def _range(schema: dict[str, Any], low: str, high: str) -> str:
    return f" {schema[low]}..{schema[high]}" if low in schema and high in schema else ""
