"""Talking to a running hub over REST, with what Python brings along."""

import argparse
import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote, urlsplit

from lightwave_hub.cli import settings
from lightwave_hub.errors import RequestError, UnreachableError

TIMEOUT_S = 5.0
MAX_ANSWER_BYTES = 64 << 20  # a day of records of a node is a quarter of it


def hub_of(args: argparse.Namespace) -> "HubClient":
    """The hub a command means. Raises ConfigError and RequestError."""
    return HubClient(*settings.url_and_token(args))


class HubClient:
    """One hub, named by its URL. Raises UnreachableError, or RequestError with the hub's own words."""

    def __init__(self, url: str, token: str = "") -> None:
        if "://" not in url:
            url = f"http://{url}"
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
        except ValueError:
            usable = None
        if not usable:
            raise RequestError("--url", f"{url!r} is no address of a hub; one looks like http://192.168.4.1")
        self.url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        # A hub is on this network or this machine: a proxy could only be in the way, and a redirection would take the
        # token elsewhere.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirection())

    def get(self, path: str) -> Any:
        return self._ask("GET", path)

    def post(self, path: str, body: Any) -> Any:
        return self._ask("POST", path, json.dumps(body).encode())

    def put(self, path: str, body: Any) -> Any:
        return self._ask("PUT", path, json.dumps(body).encode())

    def delete(self, path: str) -> None:
        self._ask("DELETE", path)

    def upload(self, path: str, data: bytes) -> Any:
        """POST bytes as they are."""
        return self._ask("POST", path, data, "application/octet-stream")

    def get_text(self, path: str) -> str:
        """An answer as it is, for those that are not JSON."""
        return self._fetch("GET", path)[1].decode()

    def _ask(self, method: str, path: str, data: bytes | None = None, kind: str = "application/json") -> Any:
        status, raw = self._fetch(method, path, data, kind)
        try:
            return json.loads(raw) if raw or status != 204 else None
        except ValueError:
            raise UnreachableError(self.url, "something that is no hub answers there") from None

    def _fetch(self, method: str, path: str, data: bytes | None = None, kind: str = "") -> tuple[int, bytes]:
        headers = {**self._headers, **({} if data is None else {"Content-Type": kind})}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                return answer.status, answer.read(MAX_ANSWER_BYTES)
        except urllib.error.HTTPError as error:
            raise self._refusal(error) from None
        except urllib.error.URLError as error:
            raise UnreachableError(self.url, str(getattr(error.reason, "strerror", None) or error.reason)) from None
        except OSError as error:
            raise UnreachableError(self.url, str(error)) from None

    def _refusal(self, error: urllib.error.HTTPError) -> Exception:
        try:
            problem = json.loads(error.read(MAX_ANSWER_BYTES))
            return RequestError(problem.get("field", ""), problem["detail"], error.code)
        except (ValueError, KeyError, AttributeError, TypeError):
            return UnreachableError(self.url, f"something that is no hub answers there with status {error.code}")


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        """Follow none: it becomes an HTTPError."""


def item_path(collection: str, key: str) -> str:
    """/api/scenes and an id, whatever is in it."""
    return f"{collection}/{quote(key, safe='')}"


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2))
