"""Who may use the hub: every route by its role, sessions of the page, wrong tokens, and pages of other sites."""

import asyncio
import logging
import re

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from lightwave_hub import app, config
from lightwave_hub.access.guard import GUARD, Guard
from lightwave_hub.access.tokens import ROLES, Tokens
from lightwave_hub.access.tries import BURST, MAX_ADDRESSES, REFILL_S, Tries
from lightwave_hub.api.guarded import guarded
from lightwave_hub.api.routes import ROUTES
from lightwave_hub.log import LineFormatter
from tests.hub.support import HandClock, Hub

LOOK, PLAY, CHANGE = "/api/scene", "/api/global/brightness", "/api/tokens"


@pytest.fixture
async def client():
    """A browser, or a program: it has no token yet."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


@pytest.fixture
def token_of(hub):
    """Make a token of a role."""
    return lambda role: hub.app[GUARD].tokens.add(f"for {role}", role)[1]


async def ask(client, hub, method, path, token=None, body=None, **headers):
    """(status, document or None, headers)."""
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    async with client.request(method, hub.url + path, json=body, headers=headers) as answer:
        is_json = "json" in answer.content_type and method != "HEAD"
        return answer.status, await answer.json(content_type=None) if is_json else None, answer.headers


async def status(*arguments, **options):
    return (await ask(*arguments, **options))[0]


# ---- roles


def sample(route):
    """A path of the route, with something in place of what varies."""
    return re.sub(r"\{\w+:?(\w*)[^}]*\}", lambda found: found[1] or "1", route.path)


async def test_every_route_is_open_or_asks_for_a_token(hub, client):
    for route in ROUTES:
        answered, document, headers = await ask(client, hub, route.method, sample(route))
        if route.role == "open":
            assert answered != 401, route
        else:
            assert (answered, headers.get("WWW-Authenticate")) == (401, 'Bearer realm="k1"'), route
            assert headers["Content-Type"].startswith("application/problem+json")
            assert "needs a token" in document["detail"]


def test_only_what_needs_no_secret_is_open():
    assert {route.path for route in ROUTES if route.role == "open"} == {
        "/health", "/metrics", "/api/openapi.json", "/api/docs", "/api/session",
        "/ota/manifest.json", "/ota/k1/{board}/{version}.bin",
    }  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_may_what_those_below_it_may(role, hub, client, token_of):
    token = token_of(role)
    answers = [
        await status(client, hub, "GET", LOOK, token),
        await status(client, hub, "POST", PLAY, token, {"value": 9}),
        await status(client, hub, "GET", CHANGE, token),
    ]
    may = ROLES.index(role) + 1
    assert answers == [200] * may + [403] * (3 - may)


async def test_a_refusal_says_which_role_it_takes(hub, client, token_of):
    answered, document, _ = await ask(client, hub, "POST", PLAY, token_of("view"), {"value": 9})
    assert (answered, document["detail"]) == (403, "this needs the role play; yours is view")


async def test_what_has_no_route_is_no_secret(hub, client):
    assert await status(client, hub, "GET", "/api/nothing") == 404
    assert await status(client, hub, "PATCH", LOOK) == 405
    assert await status(client, hub, "HEAD", LOOK) == 401


@pytest.fixture
async def small_hub(tmp_path):
    """A guard before three routes of a test."""

    async def handler(request):
        return web.Response()

    async def stream(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for _ in socket:
            pass
        return socket

    application = web.Application(middlewares=[guarded])
    application[GUARD] = Guard(Tokens(tmp_path), True, ())
    application.router.add_get("/api/forgotten", handler)
    application.router.add_get("/page.css", handler)
    application.router.add_get("/api/stream", stream)
    application[GUARD].protect("GET", "/api/stream", "view")
    hub = Hub(application)
    await hub.start()
    yield hub
    await hub.stop()


async def test_a_path_below_api_that_nobody_gave_a_role_is_shut(small_hub, client):
    tokens = small_hub.app[GUARD].tokens
    assert await status(client, small_hub, "GET", "/api/forgotten") == 401
    assert await status(client, small_hub, "GET", "/api/forgotten", tokens.add("x", "play")[1]) == 403
    assert await status(client, small_hub, "GET", "/api/forgotten", tokens.add("x", "admin")[1]) == 200
    assert await status(client, small_hub, "GET", "/page.css") == 200


async def test_revoking_hangs_up_on_who_still_listens(small_hub, client):
    guard = small_hub.app[GUARD]
    guard.tokens.add("keeper", "admin")
    (stays, stays_secret), (goes, goes_secret) = guard.tokens.add("a", "view"), guard.tokens.add("b", "view")
    address = f"{small_hub.url}/api/stream"
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await client.ws_connect(address)
    assert caught.value.status == 401
    staying = await client.ws_connect(address, headers={"Authorization": f"Bearer {stays_secret}"})
    going = await client.ws_connect(address, headers={"Authorization": f"Bearer {goes_secret}"})
    guard.revoke(goes.id)
    assert (await asyncio.wait_for(going.receive(), 5)).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(staying.receive(), 0.05)
    await staying.close()
    assert guard.tokens.get(stays.id) is not None


async def test_the_page_itself_is_there_without_a_token(hub, client):
    assert await status(client, hub, "GET", "/page.css") == 200
    async with client.get(hub.url) as answer:
        assert answer.status == 200


async def test_without_access_everybody_is_admin(tmp_path, client, caplog):
    sections = {"access": {"enabled": False}, "stream": {"time_port": 0}, "store": {"path": str(tmp_path / "open")}}
    hub = Hub(app.build(config.from_dict(sections), "127.0.0.1"))
    await hub.start()
    try:
        assert "ACCESS IS OFF" in caplog.text
        assert await status(client, hub, "GET", CHANGE) == 200
        session = {"role": "admin", "name": "", "access": False}
        assert (await ask(client, hub, "GET", "/api/session"))[1] == session
        assert (await ask(client, hub, "POST", "/api/session", body={"token": "any"}))[1] == session
        assert await status(client, hub, "POST", PLAY, body={"value": 9}, Origin="http://elsewhere.example") == 403
    finally:
        await hub.stop()


# ---- sessions


async def test_a_session_lasts_over_a_restart_and_ends_with_its_token(hub, client, token_of):
    assert await status(client, hub, "GET", LOOK) == 401
    answered, document, headers = await ask(client, hub, "POST", "/api/session", body={"token": token_of("play")})
    assert (answered, document) == (200, {"role": "play", "name": "for play", "access": True})
    cookie = headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"))
    assert headers["Cache-Control"] == "no-store"
    assert await status(client, hub, "GET", LOOK) == 200
    assert await status(client, hub, "GET", CHANGE) == 403
    folder = hub.app[GUARD].tokens._path.parent
    again = Guard(Tokens(folder), True, ())
    (kept,) = client.cookie_jar
    assert again.tokens.get(again.sessions.token_of(kept.value)).role == "play"
    (mine,) = [each for each in hub.app[GUARD].tokens.all() if each.role == "play"]
    assert await status(client, hub, "DELETE", f"{CHANGE}/{mine.id}", token_of("admin")) == 204
    assert await status(client, hub, "GET", LOOK) == 401


async def test_leaving_takes_the_cookie_away(hub, client, token_of):
    await ask(client, hub, "POST", "/api/session", body={"token": token_of("view")})
    assert await status(client, hub, "DELETE", "/api/session") == 204
    assert await status(client, hub, "GET", "/api/session") == 401


async def test_a_cookie_that_was_changed_or_is_old_is_none(hub, token_of):
    sessions = hub.app[GUARD].sessions
    clock = HandClock()
    sessions._unix_s = lambda: clock.us / 1e6
    good = sessions.begin("0123abcd")
    assert sessions.token_of(good) == "0123abcd"
    name, until, signature = good.split(".")
    for bad in (
        f"0123abce.{until}.{signature}", f"{name}.{int(until) + 1}.{signature}", f"{name}.{until}.{signature[:-1]}",
        "", ".", "..", f"{name}.{until}", good + "0", "ä.ö.ü", "x" * 5000,
    ):  # fmt: skip
        assert sessions.token_of(bad) is None, bad
    clock.forward(30 * 86400)
    assert sessions.token_of(good) is None


async def test_two_hubs_on_one_machine_have_cookies_of_their_own(hub, client, token_of):
    await ask(client, hub, "POST", "/api/session", body={"token": token_of("view")})
    (cookie,) = client.cookie_jar
    assert cookie.key == f"k1_session_{URL(hub.url).port}"


# ---- wrong tokens


async def test_wrong_tokens_are_counted_and_then_not_looked_at(hub, client, token_of):
    right = token_of("view")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as page:
        await ask(page, hub, "POST", "/api/session", body={"token": right})
        for number in range(BURST):
            how = {"token": "k1_wrong"} if number % 2 else {"body": {"token": "k1_wrong"}}
            path = LOOK if number % 2 else "/api/session"
            assert await status(client, hub, "GET" if number % 2 else "POST", path, **how) == 401
        answered, document, headers = await ask(client, hub, "GET", LOOK, right)
        assert (answered, document["status"]) == (429, 429)
        assert 1 <= int(headers["Retry-After"]) <= REFILL_S
        assert "k1_wrong" not in str(document)
        assert await status(page, hub, "GET", LOOK) == 200, "who is in stays in"
        assert await status(client, hub, "GET", "/health") == 200


async def test_a_stale_cookie_uses_up_no_tries(hub, client, token_of):
    cookies = {f"k1_session_{URL(hub.url).port}": "0123abcd.9999999999.00"}
    for _ in range(BURST + 1):
        async with client.get(hub.url + LOOK, cookies=cookies) as answer:
            assert answer.status == 401
    assert await status(client, hub, "GET", LOOK, token_of("view")) == 200


@pytest.mark.parametrize("shown", ["Basic a2s6a2s=", "Bearer", "k1_x", "Bearer " + "x" * 4000])
async def test_a_strange_authorization_is_refused(hub, client, shown):
    assert await status(client, hub, "GET", LOOK, Authorization=shown) == 401


STRANGE = [
    b"\xff\xfe",
    b"Bearer \xff",
    b"Bearer \xc3\xa9",
    b"[",
    b"[::1%25x]:80",
    b"a:b:c",
    b"\xe2\x84\xa1.example",
    b"::",
    b"%00",
    b"@",
]


@pytest.mark.parametrize("value", STRANGE, ids=repr)
async def test_strange_headers_are_refused_and_no_fault_of_the_hub(hub, value, caplog):
    host, port = hub.url.removeprefix("http://").split(":")
    for name in (b"Host", b"Origin", b"Authorization", b"Cookie", b"Sec-Fetch-Site", b"Upgrade"):
        for cookie in (b"", f"k1_session_{port}=".encode()):
            others = b"" if name == b"Host" else b"Host: 127.0.0.1:" + port.encode() + b"\r\n"
            shown = cookie + value if name == b"Cookie" else value
            reader, writer = await asyncio.open_connection(host, int(port))
            head = b"POST /api/panic HTTP/1.1\r\n" + others + name + b": " + shown
            writer.write(head + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            answered = int((await asyncio.wait_for(reader.readline(), 5)).split()[1])
            writer.close()
            assert answered in (400, 401, 403, 421, 429), (name, value)
    assert "Traceback" not in caplog.text and "request failed" not in caplog.text


def test_tries_come_back_with_time_and_the_oldest_address_is_forgotten():
    clock = HandClock()
    tries = Tries(lambda: clock.us / 1e6)
    for _ in range(BURST):
        assert tries.wait_s("a") == 0
        tries.failed("a")
    assert tries.wait_s("a") == pytest.approx(REFILL_S)
    assert tries.wait_s("b") == 0
    clock.forward(REFILL_S)
    assert tries.wait_s("a") == 0
    tries.failed("a")
    assert tries.wait_s("a") > 0
    for number in range(MAX_ADDRESSES):
        tries.failed(str(number))
    assert tries.wait_s("a") == 0
    assert len(tries._free) == MAX_ADDRESSES


async def test_logs_name_the_address_and_no_token(hub, client, caplog):
    with caplog.at_level(logging.DEBUG, "k1"):
        await ask(client, hub, "GET", f"{LOOK}?token=k1_in-the-query", "k1_in-the-header")
        await ask(client, hub, "POST", "/api/session", body={"token": "k1_in-the-body"})
    lines = [LineFormatter().format(record) for record in caplog.records]
    assert sum("wrong token ip=127.0.0.1" in line for line in lines) == 2
    assert "k1_in" not in "".join(lines)


# ---- pages of other sites


FOREIGN = [
    {"Origin": "http://elsewhere.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1"},  # another port of this machine
    {"Origin": "file://"},
    {"Origin": "http://127.0.0.1:port:"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=[":".join(*each.items()) for each in FOREIGN])
async def test_a_page_of_another_site_changes_nothing(hub, client, token_of, headers):
    token = token_of("admin")
    assert await status(client, hub, "POST", PLAY, token, {"value": 9}, **headers) == 403
    assert await status(client, hub, "POST", "/api/session", body={"token": token}, **headers) == 403
    assert await status(client, hub, "GET", LOOK, token, **headers) == 200, "which that page cannot read"


async def test_the_hubs_own_page_may(hub, client, token_of):
    for headers in ({"Origin": hub.url}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        assert await status(client, hub, "POST", PLAY, token_of("play"), {"value": 9}, **headers) == 200


async def test_a_page_of_another_site_is_no_node(hub):
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await client.ws_connect(f"{hub.url}/ws", origin="http://elsewhere.example")
    assert caught.value.status == 403


@pytest.mark.parametrize(
    ("host", "taken"),
    [
        ("localhost", True),
        ("LOCALHOST:80", True),
        ("192.168.4.1", True),
        ("[fe80::1]:8080", True),
        ("hub.local", True),
        ("stage.example", True),
        ("elsewhere.example", False),
        ("192.168.4.1.elsewhere.example", False),
        ("elsewhere.example:99999", False),
        ("", False),
    ],
)
async def test_a_name_that_could_be_anybodys_is_not_answered(hub, client, token_of, host, taken):
    hub.app[GUARD]._names = frozenset({"stage.example"})
    answered = await status(client, hub, "GET", LOOK, token_of("view"), Host=host)
    assert answered == (200 if taken else 421)
    assert await status(client, hub, "GET", "/health", Host=host or "x") == 200
