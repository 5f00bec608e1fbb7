"""The show by `k1`: what is kept, played, undone, exported."""

import io
import json
import sys

import pytest

from lightwave_hub.cli.main import main
from tests.hub.cli_support import HubProcess
from tests.hub.support import MAC, FakeNode


@pytest.fixture
def hub_process():
    hub = HubProcess("--time-port", "0", "--udp-port", "49998")
    yield hub
    hub.stop()


@pytest.fixture
def k1(hub_process, monkeypatch, capsys):
    """`k1` in this process, for there are many: exit code, output, errors."""
    monkeypatch.setenv("K1_HUB", hub_process.url)
    monkeypatch.setenv("K1_CONFIG", "/no/such/cli.toml")

    def k1(*words, text_in=""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text_in.encode())))
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return k1


@pytest.fixture
def run(k1):
    """`k1`, which must succeed; what it printed."""

    def run(*words, **more):
        code, output, errors = k1(*words, **more)
        assert code == 0, errors
        return output

    return run


@pytest.fixture
async def node(hub_process):
    node = await FakeNode.connect(hub_process.url)
    await node.join()
    await node.catalog()
    yield node
    await node.close()


async def test_a_scene_is_kept_played_changed_and_deleted(run, node, tmp_path):
    assert run("scenes") == "There is no scene yet.\n"
    run("scene", "pulse", "--palette", "ocean", "--hue", "9")
    kept = run("scenes", "save", "Warm up", "--id", "warm", "--fade", "2000").splitlines()
    assert kept[1].split() == [
        "warm",
        "Warm",
        "up",
        "2000",
        "ms",
        "all",
        "a:",
        "pulse",
        "ocean,",
        "b:",
        "pulse",
        "ocean",
    ]
    run("scene", "solid")
    assert run("scenes", "play", "warm", "--fade", "0") == "scene warm\n"
    assert json.loads(run("scene", "--json"))["channels"]["b"]["params"]["hue"] == 9
    scene = json.loads(run("scenes", "show", "warm"))
    file = tmp_path / "warm.json"
    file.write_text(json.dumps({**scene, "name": "Warmer"}))
    assert json.loads(run("scenes", "put", str(file), "--json"))["name"] == "Warmer"
    assert [item["name"] for item in json.loads(run("scenes", "--json"))["items"]] == ["Warmer"]
    assert run("scenes", "delete", "warm") == "deleted warm\n"
    assert "Warmer" in run("undo")
    assert json.loads(run("scenes", "show", "warm"))["name"] == "Warmer"
    run("undo", "--redo")
    assert run("scenes") == "There is no scene yet.\n"


async def test_groups_cues_and_schedule(run, node):
    assert MAC in run("groups", "set", "left", "Left wall", MAC)
    run("scenes", "save", "Warm", "--id", "warm")
    cues = {"id": "set", "name": "Set", "cues": [{"scene": "warm"}, {"scene": "warm"}]}
    run("cue", "put", "-", text_in=json.dumps(cues))
    assert run("cue", "go", "set") == "cue 1 of set, waiting: 2 go\n"
    assert run("cue").splitlines()[1].split() == ["set", "Set", "2", "1", "2", "go"]
    run("cue", "put", "-", text_in=run("cue", "show", "set"))
    assert run("cue", "stop", "set") == "cue - of set, waiting: -\n"
    entry = {"id": "end", "name": "End", "days": ["mon"], "time": "23:00", "action": {"blackout": True}}
    run("schedule", "put", "-", text_in=json.dumps(entry))
    assert run("schedule", "disable", "end").splitlines()[1].split()[2] == "no"
    assert run("schedule", "enable", "end").splitlines()[1].split()[2] == "yes"


async def test_what_is_in_use_stays(k1, run, node):
    run("scenes", "save", "Warm", "--id", "warm")
    run("cue", "put", "-", text_in=json.dumps({"id": "set", "name": "Set", "cues": [{"scene": "warm"}]}))
    code, _, errors = k1("scenes", "delete", "warm")
    assert (code, "Set" in errors) == (1, True), errors
    assert k1("scenes", "play", "cold/../warm")[0] == 1


async def test_export_and_import(k1, run, node, tmp_path):
    run("scenes", "save", "Warm", "--id", "warm")
    file = tmp_path / "show.json"
    run("show", "export", str(file))
    exported = file.read_text()
    assert json.loads(run("show", "export")) == json.loads(exported)
    run("scenes", "delete", "warm")
    assert "1 scenes" in run("show", "import", str(file))
    assert json.loads(run("scenes", "show", "warm"))["name"] == "Warm"
    for text, said in (("{", "is not JSON"), ('{"scenes": 7}', "scenes")):
        file.write_text(text)
        code, _, errors = k1("show", "import", str(file))
        assert (code, said in errors) == (2, True), errors
    assert json.loads(run("show", "export")) == json.loads(exported)
    code, _, errors = k1("show", "export", "/no/such/folder/show.json")
    assert (code, "cannot write" in errors) == (2, True)


async def test_blackout_and_panic(run, node):
    assert run("blackout") == "blackout off\n"
    assert run("blackout", "on") == "blackout on\n"
    assert run("blackout", "off") == "blackout off\n"
    assert run("panic") == "panic on\n"
    assert run("blackout") == "blackout on\n"
    assert run("panic", "off") == "panic off\n"
    assert run("blackout") == "blackout off\n"
