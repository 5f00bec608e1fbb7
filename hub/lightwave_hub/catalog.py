"""Effects and palettes by name, as the nodes themselves tell them. The hub has no list of its own."""

from collections.abc import Iterable

from lightwave_hub.errors import RequestError
from lightwave_hub.node import Node

MAX_ID = 65535


def merged(catalogs: Iterable[tuple[str, ...]]) -> list[str]:
    """All names of several catalogues, each once, in the order in which they are first met."""
    return list(dict.fromkeys(name for catalog in catalogs for name in catalog))


def effect_id(nodes: Iterable[Node], wish: object) -> int:
    """The id of an effect given by name or by id. Raises RequestError."""
    return _find("effect", [node.effects for node in nodes], wish)


def palette_id(nodes: Iterable[Node], wish: object) -> int:
    """The id of a palette given by name or by id. Raises RequestError."""
    return _find("palette", [node.palettes for node in nodes], wish)


def _find(field: str, catalogs: list[tuple[str, ...]], wish: object) -> int:
    catalogs = [catalog for catalog in catalogs if catalog]
    if isinstance(wish, int) and not isinstance(wish, bool):
        highest = max((len(catalog) for catalog in catalogs), default=MAX_ID + 1) - 1
        if not 0 <= wish <= highest:
            raise RequestError(field, f"must be 0..{highest}, not {wish}")
        return wish
    if not isinstance(wish, str):
        raise RequestError(field, "must be a name or an id")
    if not catalogs:
        raise RequestError(field, "no node has told its catalogue yet; give an id", status=409)
    ids = {catalog.index(wish) for catalog in catalogs if wish in catalog}
    if not ids:
        raise RequestError(field, f"must be one of {', '.join(merged(catalogs))}")
    if len(ids) > 1:
        raise RequestError(field, f"the nodes disagree about its id ({sorted(ids)}); give an id", status=409)
    return ids.pop()
