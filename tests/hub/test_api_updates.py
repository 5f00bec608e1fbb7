"""The updates' paths on a real hub, and a rollout with a node that speaks the protocol."""

import asyncio
import contextlib
import hashlib
import io
import resource
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from lightwave import ed25519, release
from lightwave_hub import app, config
from lightwave_hub.api import updates as host
from lightwave_hub.keys import CLOCK, SHOW, UPDATES
from lightwave_hub.ota import images, service
from lightwave_hub.ota.store import Line, UpdateStore
from tests.hub.ota_support import app as archive
from tests.hub.ota_support import firmware
from tests.hub.support import FakeNode, Hub, Receiver, hello, keepalive

IMAGE = firmware("2.8.0")
SHA = hashlib.sha256(IMAGE).hexdigest()
CAPS = {"udp": True, "ota": True, "clock": True, "board": "K1_S3"}


def settings(folder: Path, receiver: Receiver) -> config.Config:
    stream = {"udp_port": receiver.address[1], "time_port": 0}
    return config.from_dict({"stream": stream, "store": {"path": str(folder)}})


@pytest.fixture
async def updating(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Hub]:
    hub = Hub(app.build(settings(tmp_path, receiver), "127.0.0.1"))
    await hub.start()
    yield hub
    await hub.stop()


async def add(hub: Hub, data: bytes = IMAGE, status: int = 200, **query: str) -> dict[str, Any]:
    query = {"board": "K1_S3", **query}
    async with hub.http.post(f"{hub.url}/api/ota/images", params=query, data=io.BytesIO(data)) as answer:
        assert answer.status == status, await answer.text()
        document: dict[str, Any] = await answer.json(content_type=None)
        return document


async def test_a_release_is_kept_signed_and_in_the_manifest(updating: Hub) -> None:
    added = await add(updating)
    manifest = await updating.get("/ota/manifest.json")
    stable = manifest["k1"]["stable"]
    assert (stable["version"], stable["url"], stable["sha256"]) == ("2.8.0", "/ota/k1/s3/2.8.0.bin", SHA)
    statement = release.decode(bytes.fromhex(stable["statement"]))
    assert statement == {
        key: added[key] for key in ("kind", "size", "counter", "expires", "sha256", "board", "version")
    } | {"name": "k1"}
    key = bytes.fromhex((await updating.get("/api/ota"))["public_key"])
    assert ed25519.verify(key, bytes.fromhex(stable["statement"]), bytes.fromhex(stable["signature"]))


async def test_without_releases_the_manifest_is_empty(updating: Hub) -> None:
    assert await updating.get("/ota/manifest.json") == {"k1": {"boards": {}}}


async def test_counters_only_grow(updating: Hub) -> None:
    first = await add(updating)
    again = await add(updating)
    assert again["counter"] > first["counter"] and again["sha256"] == first["sha256"]
    assert len((await updating.get("/api/ota"))["releases"]) == 1


async def test_one_version_is_one_image(updating: Hub) -> None:
    await add(updating)
    problem = await add(updating, firmware("2.8.0", b"other"), status=422)
    assert problem["field"] == "version"


@pytest.mark.parametrize(
    ("data", "query", "field"),
    [
        (b"nonsense", {}, "image"),
        (IMAGE, {"board": "GENERIC_S3"}, "board"),
        (IMAGE, {"board": ""}, "board"),
        (archive(), {"version": "1"}, "board"),
        (archive(), {"board": "GENERIC_S3"}, "version"),
        (IMAGE, {"version": "two words"}, "version"),
        (IMAGE, {"version": "../2"}, "version"),
        (IMAGE, {"expires_days": "0"}, "expires_days"),
    ],
)
async def test_what_cannot_be_a_release_is_refused(
    updating: Hub, data: bytes, query: dict[str, str], field: str
) -> None:
    status = 400 if field == "expires_days" else 422
    assert (await add(updating, data, status, **query))["field"] == field
    assert (await updating.get("/api/ota"))["releases"] == []


async def fetched(hub: Hub, path: str = "/ota/k1/s3/2.8.0.bin", **headers: str) -> tuple[int, Any, bytes]:
    async with hub.http.get(hub.url + path, headers={k.replace("_", "-"): v for k, v in headers.items()}) as answer:
        return answer.status, answer.headers, await answer.read()


async def test_an_image_whole_and_in_parts(updating: Hub) -> None:
    await add(updating)
    status, headers, body = await fetched(updating)
    assert (status, body, headers["ETag"], headers["Accept-Ranges"]) == (200, IMAGE, f'"{SHA}"', "bytes")
    for wanted, begin, end in (("0-", 0, len(IMAGE)), ("100-", 100, len(IMAGE)), ("7-9", 7, 10), ("-5", -5, None)):
        status, headers, body = await fetched(updating, Range=f"bytes={wanted}")
        assert (status, body) == (206, IMAGE[begin:end])
        first = begin % len(IMAGE)
        assert headers["Content-Range"] == f"bytes {first}-{first + len(body) - 1}/{len(IMAGE)}"


async def test_a_part_of_another_content_is_the_whole_of_this(updating: Hub) -> None:
    await add(updating)
    assert (await fetched(updating, Range="bytes=7-", If_Range=f'"{SHA}"'))[0] == 206
    assert (await fetched(updating, Range="bytes=7-", If_Range='"other"'))[0::2] == (200, IMAGE)
    for known in (f'"{SHA}"', f'"other", W/"{SHA}"', "*"):
        assert (await fetched(updating, If_None_Match=known))[0] == 304
    assert (await fetched(updating, If_None_Match='"other"'))[0] == 200


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(IMAGE[:-1])])
async def test_an_image_that_the_disk_has_lost_is_said_to_be_and_can_be_added_again(
    updating: Hub, damage: Callable[[Path], object]
) -> None:
    await add(updating)
    damage(updating.app[UPDATES].store.image_path(SHA))
    status, _, body = await fetched(updating)
    assert status == 500 and b"add it again" in body
    await add(updating)
    assert (await fetched(updating))[0::2] == (200, IMAGE)


async def test_who_does_not_read_an_image_loses_the_connection(updating: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    given_up = asyncio.Event()
    monkeypatch.setattr(host, "event", lambda logger, level, what, **fields: given_up.set())
    monkeypatch.setattr(host, "READ_TIMEOUT_S", 0.1)
    image = firmware("2.8.0", bytes(2_900_000))
    await add(updating, image)
    with socket.socket() as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(peer, ("127.0.0.1", int(updating.url.rpartition(":")[2])))
        await loop.sock_sendall(peer, b"GET /ota/k1/s3/2.8.0.bin HTTP/1.1\r\nHost: hub\r\n\r\n")
        await asyncio.wait_for(given_up.wait(), 10)
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := await loop.sock_recv(peer, 65536):
                received += len(piece)
        assert 0 < received < len(image)


def test_a_full_disk_keeps_no_part_of_an_image(tmp_path: Path) -> None:
    store = UpdateStore(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(IMAGE) - 1, limits[1]))
    try:
        with pytest.raises(OSError):
            store.put_image(images.read(IMAGE), IMAGE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list((tmp_path / "images").iterdir()) == []
    store.close()


def test_what_a_killed_hub_left_of_an_image_is_removed(tmp_path: Path) -> None:
    store = UpdateStore(tmp_path)
    store.put_image(images.read(IMAGE), IMAGE)
    store.close()
    (tmp_path / "images" / "tmpabc").write_bytes(IMAGE[:100])
    UpdateStore(tmp_path).close()
    assert [path.name for path in (tmp_path / "images").iterdir()] == [SHA]


def fill_up(store: UpdateStore) -> None:
    """Until the database takes nothing more, as on a full disk."""
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        while True:
            store.note(Line(0.0, "filler", "x" * 1000))
    with pytest.raises(sqlite3.OperationalError, match="full"):
        while True:
            store.note(Line(0.0, "filler"))


async def test_without_room_to_write_it_down_nothing_is_ordered(updating: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "STORE_AGAIN_S", 0.05)
    await add(updating)
    store = updating.app[UPDATES].store
    node = await updating.joined(caps=CAPS, fw="2.7.0")
    await updating.post("/api/ota/push", {"version": "2.8.0", "soak_s": 0})
    fill_up(store)
    await become_ready(node)
    stuck = await until_state(updating, "paused")
    assert "full" in stuck["why"] and stuck["members"][0]["state"] == "waiting"
    problem = await add(updating, firmware("2.9.0"), status=507)
    assert "full" in problem["detail"]
    with pytest.raises(TimeoutError):
        await node.ws.receive_json(timeout=0.3)
    store._db.execute("PRAGMA max_page_count = 1000000")
    await updating.post("/api/ota/resume", {})
    assert (await node.ws.receive_json(timeout=10))["t"] == "ota_update"


async def test_releases_are_listed_and_removed(updating: Hub) -> None:
    added = await add(updating)
    image = updating.app[UPDATES].store.image_path(SHA)
    assert (await updating.get("/api/ota/images"))["images"] == [added]
    assert await updating.get("/api/ota/images/K1_S3/2.8.0") == added
    node = await updating.joined(caps=CAPS, fw="2.7.0")
    await become_ready(node)
    await updating.post("/api/ota/push", {"version": "2.8.0"})
    assert await remove(updating) == 409 and image.exists()
    await updating.post("/api/ota/abort", {})
    assert await remove(updating) == 204 and not image.exists()
    assert await remove(updating) == 404
    assert (await updating.get("/api/ota/audit"))["audit"][-1]["what"] == "removed"


async def remove(hub: Hub) -> int:
    async with hub.http.delete(f"{hub.url}/api/ota/images/K1_S3/2.8.0") as answer:
        return answer.status


async def test_an_expired_release_is_not_pushed(updating: Hub) -> None:
    await add(updating)
    updates = updating.app[UPDATES]
    updates._unix_s = lambda: time.time() + 400 * 86400
    assert "expired" in (await updating.refused("/api/ota/push", {"version": "2.8.0"}))["detail"]


def test_a_hub_that_lost_its_database_is_not_behind_its_nodes(tmp_path: Path) -> None:
    counters = []
    for folder, now_s in ((tmp_path / "old", 1_800_000_000), (tmp_path / "new", 1_800_000_100)):
        store = UpdateStore(folder)
        counters += [store.next_counter(now_s) for _ in range(3)]
        store.close()
    assert counters == sorted(set(counters))


async def test_ranges_and_paths_that_are_not_there(updating: Hub) -> None:
    await add(updating)
    assert (await fetched(updating, Range=f"bytes={len(IMAGE)}-"))[0] == 416
    assert (await fetched(updating, Range="bites=1-"))[0] == 416
    assert (await fetched(updating, "/ota/k1/s3/2.9.0.bin"))[0] == 404
    assert (await fetched(updating, "/ota/k1/generic_s3/2.8.0.bin"))[0] == 404
    assert (await fetched(updating, "/ota/k1/s3/..%2f..%2fsigning.key.bin"))[0] == 404


async def become_ready(node: FakeNode, **changes: Any) -> None:
    await node.send(keepalive(**changes))
    await node.send(keepalive(ticks=200, **changes))
    await node.ping()


async def test_a_rollout_from_order_to_done(updating: Hub) -> None:
    await add(updating)
    node = await updating.joined(caps=CAPS, fw="2.7.0")
    await become_ready(node)
    news = updating.app[SHOW].news.subscribe()
    begun = await updating.post("/api/ota/push", {"version": "2.8.0", "soak_s": 0})
    assert begun["rollout"]["state"] == "running"
    order = await node.ws.receive_json(timeout=5)
    assert order["url"] == f"{updating.url}/ota/k1/s3/2.8.0.bin"
    assert (order["t"], order["version"], order["sha256"]) == ("ota_update", "2.8.0", SHA)
    statement = release.decode(bytes.fromhex(order["statement"]))
    release.check_fit(statement, "K1_S3", 1, order["unix_s"])
    await node.send({"t": "ota_status", "state": "downloading", "pct": 37})
    await node.ping()
    assert (await updating.get("/api/ota"))["rollout"]["members"][0]["ota"]["pct"] == 37
    back = await updating.joined(caps=CAPS, fw="2.8.0")
    await back.send({"t": "ota_status", "state": "done", "pct": 100, "detail": "2.8.0 is healthy"})
    await become_ready(back)
    await until_state(updating, "done")
    assert (await updating.get("/metrics"))["ota"] == {"rolling_update": False, "last_version": "2.8.0"}
    log = [line["what"] for line in (await updating.get("/api/ota/audit"))["audit"]]
    assert log == ["added", "push", "stage", "ordered", "done", "rollout done"]
    news.close()
    told = [event.body["state"] async for event in news if event.kind == "ota"]
    assert told[0] == "running" and told[-1] == "done"


async def until_state(hub: Hub, state: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            rollout: dict[str, Any] = (await hub.get("/api/ota"))["rollout"]
            if rollout["state"] == state:
                return rollout
            await asyncio.sleep(0.02)


async def test_a_rollout_outlives_its_hub(tmp_path: Path, receiver: Receiver) -> None:
    first = Hub(app.build(settings(tmp_path, receiver), "127.0.0.1"))
    await first.start()
    await add(first)
    node = await first.joined(caps=CAPS, fw="2.7.0")
    await become_ready(node)
    await first.post("/api/ota/push", {"version": "2.8.0", "soak_s": 0})
    assert (await node.ws.receive_json(timeout=5))["t"] == "ota_update"
    await first.stop()
    second = Hub(app.build(settings(tmp_path, receiver), "127.0.0.1"))
    await second.start()
    try:
        assert (await second.get("/api/ota"))["rollout"]["members"][0]["state"] == "ordered"
        back = await second.joined(caps=CAPS, fw="2.8.0")
        await back.send({"t": "ota_status", "state": "done", "pct": 100})
        await become_ready(back)
        await until_state(second, "done")
    finally:
        await second.stop()


async def test_orders_that_cannot_be_followed(updating: Hub) -> None:
    assert (await updating.refused("/api/ota/push", {"version": "2.8.0"}))["field"] == "version"
    await add(updating)
    assert "no node here takes" in (await updating.refused("/api/ota/push", {"version": "2.8.0"}))["detail"]
    assert "no rollout" in (await updating.refused("/api/ota/pause", {}))["detail"]
    node = await updating.joined(caps=CAPS, fw="2.7.0")
    await become_ready(node)
    mistyped = await updating.refused("/api/ota/push", {"version": "2.8.0", "staging": ["AA:BB:CC:DD:EE:99"]})
    assert mistyped["field"] == "staging" and "is not here" in mistyped["detail"]
    await updating.post("/api/ota/push", {"version": "2.8.0"})
    assert "is running" in (await updating.refused("/api/ota/push", {"version": "2.8.0"}))["detail"]
    assert (await updating.post("/api/ota/pause", {}))["rollout"]["state"] == "paused"
    assert (await updating.post("/api/ota/resume", {}))["rollout"]["state"] == "running"
    assert (await updating.post("/api/ota/abort", {}))["rollout"]["state"] == "aborted"


async def test_only_nodes_that_take_it_are_updated(updating: Hub) -> None:
    await add(updating)
    for number, caps in enumerate((CAPS, CAPS | {"board": "GENERIC_S3"}, CAPS | {"ota": False}, hello()["caps"]), 1):
        await updating.joined(mac=f"AA:BB:CC:DD:EE:0{number}", caps=caps, fw="2.7.0")
    begun = await updating.post("/api/ota/push", {"version": "2.8.0"})
    assert [member["mac"] for member in begun["rollout"]["members"]] == ["AA:BB:CC:DD:EE:01"]


async def test_a_rollback_ends_the_rollout_and_signs_anew(updating: Hub) -> None:
    old = await add(updating, firmware("2.7.0"))
    newest = await add(updating)
    node = await updating.joined(caps=CAPS, fw="2.8.0")
    await become_ready(node)
    updating.app[CLOCK].set_tempo(120)  # a show plays
    await updating.post("/api/ota/push", {"version": "2.8.0"})
    rollback = (await updating.post("/api/ota/rollback", {"version": "2.7.0"}))["rollout"]
    assert (rollback["kind"], rollback["number"]) == ("rollback", 2)
    rollouts = (await updating.get("/api/ota/rollouts"))["rollouts"]
    assert [(each["number"], each["state"]) for each in rollouts] == [(2, "running"), (1, "aborted")]
    assert (await updating.get("/api/ota/rollouts/1"))["rollout"] == rollouts[1]
    order = await node.ws.receive_json(timeout=5)
    assert order["sha256"] == old["sha256"]
    assert release.decode(bytes.fromhex(order["statement"]))["counter"] > newest["counter"]


async def test_the_log_only_grows(updating: Hub) -> None:
    await add(updating)
    store = updating.app[UPDATES].store
    for change in ("UPDATE audit SET what = 'nothing'", "DELETE FROM audit"):
        with pytest.raises(Exception, match="the log only grows"):
            store._db.execute(change)
    assert [line["what"] for line in store.audit()] == ["added"]
