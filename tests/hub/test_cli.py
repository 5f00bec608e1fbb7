"""`k1` as people run it: a process, its output, its exit code."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from lightwave_hub.cli.main import COMMANDS, main
from tests.hub.cli_support import HubProcess, k1
from tests.hub.support import FakeNode, keepalive


@pytest.fixture
def hub_process():
    hub = HubProcess()
    yield hub
    if hub.process.poll() is None:
        hub.stop()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_the_hub_stops_within_a_second_even_with_nodes_on_it(hub_process, how):
    node = await FakeNode.connect(hub_process.url)
    try:
        await node.join()
        started = time.monotonic()
        code, errors = hub_process.stop(how)
        assert time.monotonic() - started < 1.0
        assert code == 0
        assert "ERROR" not in errors and "Traceback" not in errors
        assert "AUTHED node=1" in errors, "logs name the node"
    finally:
        await node.close()


def test_a_taken_port_is_one_sentence(hub_process):
    port = hub_process.url.rsplit(":", 1)[1]
    result = k1("hub", "--host", "127.0.0.1", "--port", port)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert f"k1: cannot listen on 127.0.0.1:{port}: the port is taken" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hub", "--port", "70000"), "0 to 65535"),
        (("hub", "--host", "203.0.113.7", "--port", "0"), "this machine has no such address"),
        (("hub", "--config", "no-such.toml"), "cannot read no-such.toml"),
        (("nodes", "--url", "ftp://x"), "no address of a hub"),
        (("nodes", "--url", "http://x:y"), "no address of a hub"),
        (("master", "300"), "0 to 255"),
        (("dance",), "invalid choice"),
        ((), "required"),
    ],
)
def test_what_is_asked_wrongly_is_said(words, said):
    result = k1(*words)
    assert result.returncode in (1, 2)
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_no_hub_there_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    result = k1("nodes", K1_HUB=url)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"k1: no hub at {url} (Connection refused)")
    assert result.stderr.count("\n") == 1


async def test_nodes(hub_process):
    empty = k1("nodes", "--url", hub_process.url)
    assert (empty.returncode, "No nodes" in empty.stdout) == (0, True)
    node = await FakeNode.connect(hub_process.url)
    try:
        await node.join()
        table = k1("nodes", K1_HUB=hub_process.url).stdout.splitlines()
        assert table[0].split()[:4] == ["ID", "MAC", "ADDRESS", "STATE"]
        assert table[1].split()[:4] == ["1", "AA:BB:CC:DD:EE:01", "127.0.0.1", "AUTHED"]
        await node.send(keepalive(locked=False, state="syncing", ticks=0))  # a command takes a second here and there
        (known,) = json.loads(k1("nodes", "--json", "--url", hub_process.url).stdout)["nodes"]
        assert (known["id"], known["state"]) == (1, "AUTHED")
    finally:
        await node.close()


async def test_playing(hub_process):
    node = await FakeNode.connect(hub_process.url)
    try:
        await node.join()
        await node.catalog()
        played = k1("scene", "pulse", "--channels", "a", "--hue", "9", "--no-enabled", "--json", K1_HUB=hub_process.url)
        channel = json.loads(played.stdout)["channels"]["a"]
        assert (channel["effect_name"], channel["params"]["hue"], channel["params"]["enabled"]) == ("pulse", 9, False)
        shown = k1("scene", K1_HUB=hub_process.url).stdout
        assert "effects:  solid, pulse, spectrum" in shown
        assert k1("tempo", "127.5", K1_HUB=hub_process.url).stdout == "127.5 BPM\n"
        assert k1("tempo", K1_HUB=hub_process.url).stdout == "127.5 BPM\n"
        assert k1("tempo", "--downbeat", K1_HUB=hub_process.url).stdout == "127.5 BPM\n"
        assert k1("master", "80", K1_HUB=hub_process.url).stdout == "master 80\n"
        refused = k1("scene", "none", K1_HUB=hub_process.url)
        assert (refused.returncode, refused.stderr) == (2, "k1: effect: must be one of solid, pulse, spectrum\n")
        assert k1("tempo", "10", K1_HUB=hub_process.url).returncode == 2
    finally:
        await node.close()


def test_something_that_is_no_hub():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

        thread = threading.Thread(target=answer)
        thread.start()
        result = k1("nodes", "--url", f"127.0.0.1:{server.getsockname()[1]}")
        thread.join()
    assert (result.returncode, "something that is no hub" in result.stderr) == (1, True)


def test_help_has_examples(capsys):
    for words in ([], *([name] for name in COMMANDS if name != "demo")):
        with pytest.raises(SystemExit) as caught:
            main([*words, "--help"])
        assert caught.value.code == 0
        assert "examples:\n  k1 " in capsys.readouterr().out


def test_a_client_command_does_not_load_the_web_server():
    script = (
        "import sys; from lightwave_hub.cli.main import _parser; _parser(['tempo']); sys.exit('aiohttp' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=30).returncode == 0
