"""Talking to a running hub over REST, with what Python brings along."""

import argparse
import json
import os
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from lightwave_hub.errors import RequestError, UnreachableError

DEFAULT_URL = "http://localhost"
TIMEOUT_S = 5.0
MAX_ANSWER_BYTES = 64 << 20  # a day of records of a node is a quarter of it


def add_client_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that talks to a hub."""
    parser.add_argument(
        "--url", default=os.environ.get("K1_HUB", DEFAULT_URL), help="where the hub is (K1_HUB; default %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print the hub's answer as JSON")


class HubClient:
    """One hub, named by its URL. Raises UnreachableError, or RequestError with the hub's own words."""

    def __init__(self, url: str) -> None:
        if "://" not in url:
            url = f"http://{url}"
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
        except ValueError:
            usable = None
        if not usable:
            raise RequestError("--url", f"{url!r} is no address of a hub; one looks like http://192.168.4.1")
        self._url = url.rstrip("/")
        # A hub is on this network or this machine: a proxy could only be in the way.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str) -> Any:
        return self._ask(urllib.request.Request(self._url + path))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            self._url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        return self._ask(request)

    def get_text(self, path: str) -> str:
        """An answer as it is, for those that are not JSON."""
        return self._fetch(urllib.request.Request(self._url + path)).decode()

    def _ask(self, request: urllib.request.Request) -> Any:
        try:
            return json.loads(self._fetch(request))
        except ValueError:
            raise UnreachableError(self._url, "something that is no hub answers there") from None

    def _fetch(self, request: urllib.request.Request) -> bytes:
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                data: bytes = answer.read(MAX_ANSWER_BYTES)
                return data
        except urllib.error.HTTPError as error:
            raise self._refusal(error) from None
        except urllib.error.URLError as error:
            raise UnreachableError(self._url, str(getattr(error.reason, "strerror", None) or error.reason)) from None
        except OSError as error:
            raise UnreachableError(self._url, str(error)) from None

    def _refusal(self, error: urllib.error.HTTPError) -> Exception:
        try:
            problem = json.loads(error.read(MAX_ANSWER_BYTES))
            return RequestError(problem.get("field", ""), problem["detail"], error.code)
        except (ValueError, KeyError, AttributeError):
            return UnreachableError(self._url, f"something that is no hub answers there with status {error.code}")


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2))
