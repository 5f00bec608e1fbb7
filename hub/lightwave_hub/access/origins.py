"""Where a request comes from: no other site's page may use a visitor's browser to reach the hub.

Programs send neither Origin nor Sec-Fetch-Site, and are not held up. The name in Host is checked because a page can
make its own name point to the hub (DNS rebinding) and then is of the same origin; an address or a name of this network
cannot be made to do that.
"""

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from aiohttp import hdrs, web

_READING = ("GET", "HEAD", "OPTIONS")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOCAL_NAMES = (".local", ".localhost")


def is_upgrade(request: web.BaseRequest) -> bool:
    return request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"


def foreign_page(request: web.BaseRequest) -> bool:
    """Whether a page of another origin asks for a change, or for a WebSocket."""
    if request.method in _READING and not is_upgrade(request):
        return False  # answers carry no CORS headers: a foreign page cannot read them
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None:
        return not _same(origin, request.host)
    return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")


def foreign_name(request: web.BaseRequest, names: Collection[str]) -> bool:
    """Whether Host is a name that is neither an address, nor one of this network, nor one of `names`."""
    name = _host_of(f"//{request.host}")
    if name is None:
        return True
    if name == "localhost" or name.endswith(_LOCAL_NAMES) or name in (socket.gethostname().lower(), *names):
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return True
    return False


def _same(origin: str, host: str) -> bool:
    port = _DEFAULT_PORTS.get(origin.partition("://")[0])
    return port is not None and _netloc(origin, port) == _netloc(f"//{host}", port) is not None


def _netloc(url: str, default_port: int) -> tuple[str, int] | None:
    name = _host_of(url)
    return None if name is None else (name, urlsplit(url).port or default_port)


def _host_of(url: str) -> str | None:
    """The name in a URL in lower case; None where there is none that makes sense."""
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.port != 0 else None
    except ValueError:
        return None
