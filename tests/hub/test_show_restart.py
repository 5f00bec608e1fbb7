"""A hub that is killed: every acknowledged edit is there afterwards, and it plays on what it played."""

import json
import random
import signal
import threading
import time
import urllib.error
import urllib.request

import pytest

from tests.hub.cli_support import HubProcess, k1

EFFECTS = {"channels": {"a": {"effect": "pulse"}}}


def ask(hub, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(hub.url + path, data, method=method), timeout=10) as answer:
        return json.loads(answer.read() or b"null")


@pytest.fixture
def start(tmp_path):
    """Start a hub on the same show as the one before."""
    started = []

    def start():
        hub = HubProcess("--store", str(tmp_path / "hub"), "--time-port", "0", "--log", "error")
        started.append(hub)
        return hub

    yield start
    for hub in started:
        if hub.process.poll() is None:
            hub.stop(signal.SIGKILL)


def edit_until_it_dies(hub, acknowledged, number):
    try:
        while True:
            ask(hub, "POST", "/api/scenes", {"name": f"scene {number}", **EFFECTS})
            acknowledged.append(f"scene {number}")
            number += 1
    except (urllib.error.URLError, OSError):
        pass


def test_a_hub_killed_at_any_moment_keeps_every_acknowledged_edit(start):
    moments = random.Random(7)
    acknowledged, number = [], 0
    for _ in range(6):
        hub = start()
        known = [scene["name"] for scene in ask(hub, "GET", "/api/scenes")["items"]]
        assert known[: len(acknowledged)] == acknowledged
        assert len(known) <= len(acknowledged) + 1, "at most the edit that was under way is there too"
        acknowledged, number = known, number + 1000
        editor = threading.Thread(target=edit_until_it_dies, args=(hub, acknowledged, number))
        before = len(acknowledged)
        editor.start()
        while len(acknowledged) == before:
            time.sleep(0.002)
        time.sleep(moments.random() * 0.2)
        hub.stop(signal.SIGKILL)
        editor.join()
    hub = start()
    known = [scene["name"] for scene in ask(hub, "GET", "/api/scenes")["items"]]
    assert known[: len(acknowledged)] == acknowledged
    count = min(50, len(known))
    for _ in range(count):
        ask(hub, "POST", "/api/undo")
    assert [scene["name"] for scene in ask(hub, "GET", "/api/scenes")["items"]] == known[:-count]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_hub_plays_on_what_it_played(start, tmp_path, how):
    hub = start()
    for name in ("one", "two"):
        ask(hub, "POST", "/api/scenes", {"name": name, **EFFECTS})
    cues = [{"scene": "one", "trigger": {"kind": "follow", "after_ms": 80_000_000}}, {"scene": "two"}]
    ask(hub, "POST", "/api/cues", {"name": "list", "cues": cues})
    ask(hub, "POST", "/api/cues/list/go")
    ask(hub, "POST", "/api/tempo", {"bpm": 127})
    ask(hub, "POST", "/api/tempo", {"source": "node:02:4B:31:00:00:09"})
    ask(hub, "POST", "/api/panic", {"on": False})
    ask(hub, "POST", "/api/global/brightness", {"value": 77})
    log = tmp_path / "hub" / "show.db-wal"
    written = log.stat().st_mtime_ns
    ask(hub, "POST", "/api/scene", {"channels": "b", "effect": 3, "palette": 2, "params": {"hue": 9, "mirror": True}})
    while how == signal.SIGKILL and log.stat().st_mtime_ns == written:
        time.sleep(0.01)
    before = [ask(hub, "GET", path) for path in ("/api/scene", "/api/show", "/api/playing")]
    hub.stop(how)
    hub = start()
    assert [ask(hub, "GET", path) for path in ("/api/scene", "/api/show", "/api/playing")] == before
    assert before[0]["channels"]["b"]["params"]["mirror"] is True
    assert before[2]["lists"][0]["waiting"]["trigger"] == "follow"
    tempo = ask(hub, "GET", "/api/tempo")
    assert (tempo["bpm"], tempo["source"]) == (127, "node:02:4B:31:00:00:09")


def test_what_was_planned_and_has_come_is_kept_too(start, tmp_path):
    hub = start()
    at_us = ask(hub, "GET", "/api/clock")["hubNow_us"] + 1_000_000
    ask(hub, "POST", "/api/scene", {"channels": "a", "effect": 7, "at_us": at_us})
    while ask(hub, "GET", "/api/scene")["channels"]["a"]["effect"] != 7:
        time.sleep(0.02)
    log = tmp_path / "hub" / "show.db-wal"
    written = log.stat().st_mtime_ns
    while log.stat().st_mtime_ns == written:
        time.sleep(0.01)
    hub.stop(signal.SIGKILL)
    assert ask(start(), "GET", "/api/scene")["channels"]["a"]["effect"] == 7


def test_a_second_hub_on_the_same_show_says_so(start, tmp_path):
    start()
    result = k1("hub", "--host", "127.0.0.1", "--port", "0", "--time-port", "0", "--store", str(tmp_path / "hub"))
    assert result.returncode == 1
    assert "another hub has it open" in result.stderr and "Traceback" not in result.stderr
