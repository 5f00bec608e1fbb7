"""Who asks, and whether they may: the middleware before every route.

A route of the table has a role. What is in no table is open if it is not below /api: the page's files, which know
nothing, and the nodes' WebSocket, whose hello is another matter.
"""

import asyncio
import hmac
import logging
import math
import secrets
from collections.abc import Collection
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from lightwave_hub.access import origins
from lightwave_hub.access.sessions import Sessions
from lightwave_hub.access.tokens import ROLES, Role, Token, Tokens, hash_of, new_secret
from lightwave_hub.access.tries import Tries
from lightwave_hub.log import api_log, event

FIRST_NAME = "first start"
_HERE_NAME = "this machine"
_SCHEME = "Bearer "


class Who(NamedTuple):
    """Who asks; `token_id` is empty where access is off."""

    role: str
    token_id: str = ""
    name: str = ""

    def may(self, role: str) -> bool:
        return ROLES.index(self.role) >= ROLES.index(role)


class Refusal(Exception):
    """`headers` go with the answer."""

    def __init__(self, status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}


class Guard:
    """Judges requests. With `enabled` False everybody is admin, but pages of other sites are still held off."""

    def __init__(self, tokens: Tokens, enabled: bool, names: Collection[str], tries: Tries | None = None) -> None:
        self.tokens = tokens
        self.enabled = enabled
        self.first_secret = ""  # made by `open` when there was no admin yet; to be shown once
        self.here_secret = new_secret()
        self.sessions = Sessions(lambda: tokens.session_key)
        self._here = Token(f"here-{secrets.token_hex(4)}", _HERE_NAME, "admin", hash_of(self.here_secret), 0)
        self._names = frozenset(name.lower() for name in names)
        self._tries = tries or Tries()
        self._roles: dict[tuple[str, str], Role] = {}
        self._streams: set[tuple[str, asyncio.Transport]] = set()  # WebSockets, and the token of each

    def open(self) -> None:
        """See that somebody can come in. Raises AccessFileError."""
        if self.enabled and not any(each.role == "admin" for each in self.tokens.all()):
            _, self.first_secret = self.tokens.add(FIRST_NAME, "admin")

    def protect(self, method: str, path: str, role: Role) -> None:
        """Give a route its role; `path` is its resource's canonical form."""
        self._roles[method, path] = role

    def role_needed(self, request: web.Request) -> Role:
        resource = request.match_info.route.resource
        path = "" if resource is None else resource.canonical
        method = hdrs.METH_GET if request.method == hdrs.METH_HEAD else request.method
        return self._roles.get((method, path)) or ("admin" if path.startswith("/api") else "open")

    # ---- judging

    def judge(self, request: web.Request) -> Who | None:
        """Who asks, None where nobody has to be anybody. Raises Refusal."""
        role = self.role_needed(request)
        if origins.foreign_page(request):
            raise Refusal(HTTPStatus.FORBIDDEN, "a page of another site may not ask this")
        guarded = role != "open" or request.method not in (hdrs.METH_GET, hdrs.METH_HEAD)
        if (guarded or hdrs.ORIGIN in request.headers) and origins.foreign_name(request, self._names):
            detail = "this hub does not go by the name of the request's Host; [access] hosts lists those it has"
            raise Refusal(HTTPStatus.MISDIRECTED_REQUEST, detail)
        if role == "open":
            return None
        who = self._who(request)
        if who is None:
            raise _unknown("this needs a token: show one as Authorization: Bearer, or open the link that has it")
        if not who.may(role):
            raise Refusal(HTTPStatus.FORBIDDEN, f"this needs the role {role}; yours is {who.role}")
        return who

    def log_in(self, request: web.Request, secret: str) -> Who:
        """Who shows this token. Raises Refusal."""
        return Who("admin") if not self.enabled else self._look_at(request, secret)

    def _who(self, request: web.Request) -> Who | None:
        if not self.enabled:
            return Who("admin")
        shown = request.headers.get(hdrs.AUTHORIZATION)
        if shown is not None:
            if not shown.startswith(_SCHEME):
                raise _unknown("Authorization must be Bearer and a token")
            return self._look_at(request, shown.removeprefix(_SCHEME).strip())
        cookie = request.cookies.get(cookie_name(request))
        # A cookie that is over is no try: a page that was left open would use up those of whoever logs in anew.
        token_id = self.sessions.token_of(cookie) if cookie else None
        token = self._token(token_id) if token_id else None
        return None if token is None else _who_has(token)

    def _look_at(self, request: web.Request, secret: str) -> Who:
        address = request.remote or ""
        wait_s = self._tries.wait_s(address)
        if wait_s > 0:
            headers: dict[str, str] = {hdrs.RETRY_AFTER: str(math.ceil(wait_s))}
            detail = f"too many wrong tokens from {address}; try again in {math.ceil(wait_s)} s"
            raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, detail, headers)
        token = self._here if hmac.compare_digest(hash_of(secret), self._here.sha256) else self.tokens.find(secret)
        if token is None:
            self._tries.failed(address)
            event(api_log, logging.WARNING, "wrong token", ip=address, path=request.path)
            raise _unknown("there is no such token; it may have been revoked")
        return _who_has(token)

    def _token(self, token_id: str) -> Token | None:
        return self._here if token_id == self._here.id else self.tokens.get(token_id)

    # ---- what stays open

    def revoke(self, token_id: str) -> None:
        """Take a token back, and hang up on whoever still listens by it. Raises TokenError."""
        self.tokens.revoke(token_id)
        for of_token, transport in list(self._streams):
            if of_token == token_id:
                transport.abort()

    async def pass_on(self, request: web.Request, who: Who | None, handler: Handler) -> web.StreamResponse:
        if who is None:
            return await handler(request)
        request[WHO] = who
        transport = request.transport
        if transport is None or not origins.is_upgrade(request):
            return await handler(request)
        stream = (who.token_id, transport)
        self._streams.add(stream)
        try:
            return await handler(request)
        finally:
            self._streams.discard(stream)


def cookie_name(request: web.BaseRequest) -> str:
    """Browsers keep cookies by host, whatever the port: two hubs on one machine must not take each other's."""
    return f"k1_session_{request.url.port or 80}"


def _who_has(token: Token) -> Who:
    return Who(token.role, token.id, token.name)


def _unknown(detail: str) -> Refusal:
    return Refusal(HTTPStatus.UNAUTHORIZED, detail, {hdrs.WWW_AUTHENTICATE: 'Bearer realm="k1"'})


GUARD = web.AppKey("guard", Guard)
WHO = web.RequestKey("who", Who)
