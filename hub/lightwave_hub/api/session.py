"""Coming in: a token for a session of the page, and the list of tokens."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel

from lightwave.fields import Ascii
from lightwave_hub.access.guard import GUARD, WHO, cookie_name
from lightwave_hub.access.sessions import SESSION_S
from lightwave_hub.access.tokens import NAME, ROLE
from lightwave_hub.api.route import Route
from lightwave_hub.checked import Checked, Rule

_PRIVATE = {"Cache-Control": "no-store"}


class ShownToken(Checked):
    """A token, as the link has it behind its #token=."""

    token: Annotated[str, Rule(Ascii(1, 256))]


class NewToken(Checked):
    """Whose token it is to be, and what it opens."""

    name: Annotated[str, Rule(NAME)]
    role: Annotated[str, Rule(ROLE)]


class Session(BaseModel):
    """What whoever asks may do; without `access` everybody may do everything."""

    role: str
    name: str
    access: bool


class KnownToken(BaseModel):
    id: str
    name: str
    role: str
    made_s: int


class KnownTokens(BaseModel):
    tokens: list[KnownToken]


class MadeToken(KnownToken):
    """`token` is shown this once."""

    token: str


async def begin_session(request: web.Request, body: ShownToken) -> web.Response:
    guard = request.app[GUARD]
    who = guard.log_in(request, body.token)
    answer = web.json_response({"role": who.role, "name": who.name, "access": guard.enabled}, headers=_PRIVATE)
    if guard.enabled:
        answer.set_cookie(
            cookie_name(request),
            guard.sessions.begin(who.token_id),
            max_age=SESSION_S,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=request.secure,
        )
    return answer


async def show_session(request: web.Request) -> web.Response:
    who = request[WHO]
    return web.json_response(
        {"role": who.role, "name": who.name, "access": request.app[GUARD].enabled}, headers=_PRIVATE
    )


async def end_session(request: web.Request) -> web.Response:
    answer = web.Response(status=204)
    answer.del_cookie(cookie_name(request), path="/", httponly=True, samesite="Strict", secure=request.secure)
    return answer


async def list_tokens(request: web.Request) -> web.Response:
    return web.json_response({"tokens": [each.told() for each in request.app[GUARD].tokens.all()]})


async def make_token(request: web.Request, body: NewToken) -> web.Response:
    token, secret = request.app[GUARD].tokens.add(body.name, body.role)
    return web.json_response({**token.told(), "token": secret}, status=201, headers=_PRIVATE)


async def revoke_token(request: web.Request) -> web.Response:
    request.app[GUARD].revoke(request.match_info["id"])
    return web.Response(status=204)


_ID: dict[str, dict[str, Any]] = {"id": {"type": "string", "pattern": "^[0-9a-f]{8}$"}}
ROUTES = (
    Route("POST", "/api/session", begin_session, "open", "begin a session of the page", ShownToken, Session),
    Route("GET", "/api/session", show_session, "view", "what I may do", answer=Session),
    Route("DELETE", "/api/session", end_session, "open", "end the session of this browser", status=204),
    Route("GET", "/api/tokens", list_tokens, "admin", "who has a token", answer=KnownTokens),
    Route("POST", "/api/tokens", make_token, "admin", "make a token", NewToken, MadeToken, status=201),
    Route(
        "DELETE", "/api/tokens/{id}", revoke_token, "admin", "take a token back", status=204, parameters=_ID,
    ),
)  # fmt: skip
