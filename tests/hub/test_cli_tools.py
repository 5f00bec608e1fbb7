"""`k1 watch`, `k1 doctor`, `k1 completion`, and `k1 tempo` with everything it can do."""

import json
import shutil
import socket
import subprocess

import pytest

from tests.hub.cli_support import HubProcess, k1
from tests.hub.support import MAC, FakeNode


@pytest.fixture(scope="module")
def hub_process():
    hub = HubProcess("--time-port", "0", "--udp-port", "49999")
    yield hub
    hub.stop()


async def test_watching(hub_process):
    node = await FakeNode.connect(hub_process.url)
    try:
        await node.join()
        shown = k1("watch", "--count", "2", "--every", "0.1", K1_HUB=hub_process.url)
        assert shown.returncode == 0
        assert shown.stdout.count(MAC) == 2
        assert "nodes: 1 authed" in shown.stdout
        (line,) = k1("watch", "--count", "1", "--json", K1_HUB=hub_process.url).stdout.splitlines()
        assert {"metrics", "tempo", "nodes"} == set(json.loads(line))
    finally:
        await node.close()


def test_watching_waits_for_a_hub_that_is_away():
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    result = k1("watch", "--count", "2", "--every", "0.1", K1_HUB=url)
    assert (result.returncode, result.stderr.count("no hub at")) == (1, 2)


def test_tempo(hub_process):
    def tempo(*words, **more):
        return k1("tempo", *words, K1_HUB=hub_process.url, **more)

    assert tempo("100", "--nudge-pct", "10", "--nudge-ms", "-5").stdout == "110 BPM\n"
    tapped = tempo("--tap", "--json", text_in="\n\n\n")
    assert json.loads(tapped.stdout)["taps"] in (1, 2, 3)
    sources = tempo("--sources").stdout.splitlines()
    assert [line.split()[0] for line in sources] == ["SOURCE", "manual", "link", "midi"]
    refused = tempo("--source", "radio")
    assert (refused.returncode, "must be one of manual, link, midi" in refused.stderr) == (2, True)
    assert tempo("0").stdout == "no beat\n"
    unable = tempo("--nudge-ms", "5")
    assert (unable.returncode, "no beat to nudge" in unable.stderr) == (1, True)


@pytest.fixture
def hub_file(tmp_path):
    """A configuration of free ports."""
    file = tmp_path / "hub.toml"
    file.write_text('[hub]\nhost = "127.0.0.1"\nport = 0\n[stream]\ntime_port = 0\n[osc]\nenabled = true\nport = 0\n')
    return file


def checked(*words, **environment):
    result = k1("doctor", "--json", *words, **environment)
    checks = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
    return result.returncode, checks


def test_the_doctor_looks_at_everything(hub_file, hub_process):
    _, checks = checked("--config", str(hub_file), K1_HUB=hub_process.url)
    names = ("versions", "page port", "time port", "OSC port", "real time", "clock", "time of day", "open files")
    more = ("firewall", "access", "network", "serial ports", "disk", "Ableton Link", "MIDI clock", "hub")
    assert [name for name in checks if not name.startswith("WiFi")] == [*names, *more]
    assert checks["page port"]["result"] == checks["hub"]["result"] == "ok"
    assert all((check["result"] == "ok") == (not check["next_step"]) for check in checks.values())


def test_the_doctor_finds_a_taken_port_and_a_running_hub(hub_file, hub_process):
    port = hub_process.url.rsplit(":", 1)[1]
    text = hub_file.read_text()
    hub_file.write_text(text.replace("port = 0", f"port = {port}", 1))
    _, checks = checked("--config", str(hub_file))
    assert "a hub runs" in checks["page port"]["found"]
    with socket.socket() as other, socket.socket(type=socket.SOCK_DGRAM) as udp:
        other.bind(("127.0.0.1", 0))
        udp.bind(("127.0.0.1", 0))
        taken = text.replace("port = 0", f"port = {other.getsockname()[1]}", 1)
        hub_file.write_text(taken.replace("time_port = 0", f"time_port = {udp.getsockname()[1]}"))
        code, checks = checked("--config", str(hub_file))
    assert (code, checks["page port"]["result"], checks["time port"]["result"]) == (1, "failure", "warning")


@pytest.mark.parametrize(
    ("section", "result", "words"),
    [
        ("", "ok", "there is no join key"),
        ('join_key = "sixteen-letters-"', "ok", "nodes prove the join key"),
        ("enabled = false", "warning", "is off"),
        ('join_key_file = "/no/such/file"', "failure", "cannot read /no/such/file"),
    ],
)
def test_the_doctor_says_who_may(hub_file, section, result, words):
    with hub_file.open("a") as file:
        file.write(f"[access]\n{section}\n")
    access = checked("--config", str(hub_file))[1]["access"]
    assert (access["result"], words in access["found"]) == (result, True)
    assert "sixteen" not in str(access)


def test_the_doctor_says_what_a_chosen_source_lacks(hub_file):
    with hub_file.open("a") as file:
        file.write('[tempo]\nsource = "midi"\n')
    code, checks = checked("--config", str(hub_file))
    midi = checks["MIDI clock"]
    assert (code, midi["result"]) in ((0, "ok"), (1, "failure"))
    assert midi["result"] == "ok" or "asks for it" in midi["found"]


def test_completion_completes_in_bash(tmp_path):
    bash = shutil.which("bash")
    assert bash is not None
    script = tmp_path / "k1.bash"
    script.write_text(k1("completion", "bash").stdout)
    asked = f"source {script}; COMP_WORDS=(k1 $1 $2); COMP_CWORD=$#; _shtab_k1; echo ${{COMPREPLY[@]}}"

    def complete(*words):
        return subprocess.run(
            [bash, "-c", asked, "bash", *words], capture_output=True, text=True, timeout=10, check=True
        ).stdout.split()

    assert complete("sc") == ["scene", "scenes", "schedule"]
    assert complete("scenes", "p") == ["put", "play"]
    assert "--source" in complete("tempo", "--s")


@pytest.mark.parametrize(("shell", "mark"), [("zsh", "#compdef k1"), ("tcsh", "complete k1")])
def test_completion_for_other_shells(shell, mark):
    result = k1("completion", shell)
    assert result.returncode == 0
    assert mark in result.stdout
