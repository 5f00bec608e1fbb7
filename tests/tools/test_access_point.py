"""tools/access_point.py: what cannot be is refused, what it shows is what it does, and undoing leaves nothing."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import _access_point_plan as plan
import access_point
import pytest
from _access_point_steps import AccessPointError, Step, Steps

from tests.tools.fake_radio import BAND_2, BAND_5, FakeRadio
from tests.tools.namespaces import DHCP_CLIENT, namespaces  # noqa: F401 - a fixture

TOOL = str(Path(access_point.__file__).resolve())
PASSWORD = "never-to-be-printed"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """access_point.py in this process with a laptop's fake radio: its exit code and what it printed."""

    def go(*words, **laptop):
        radio = FakeRadio(tmp_path / "laptop", **laptop)
        monkeypatch.setenv("PATH", radio.environment["PATH"])
        monkeypatch.setenv("K1_WIFI_PASSWORD", laptop.get("password", PASSWORD))
        code = access_point.main(["--folder", str(tmp_path / "notes"), *words])
        said = capsys.readouterr()
        assert PASSWORD not in said.out + said.err
        return code, said.out + said.err, radio

    return go


def test_a_dry_run_shows_the_steps_and_touches_nothing(run, tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "chosen_backend", lambda wanted: "hostapd")
    code, said, radio = run("up", "--country", "gb", "--dry-run")
    assert code == 0
    for words in ("iw reg set GB", "undone by: iw reg set DE", "hostapd -B", "dnsmasq --conf-file", "power_save off"):
        assert words in said
    assert not (tmp_path / "notes").exists()
    assert not any("set" in call for call in radio.calls)


@pytest.mark.parametrize(
    ("laptop", "words", "cause"),
    [
        ({"modes": "managed monitor"}, (), "cannot be an access point"),
        ({"bands": BAND_5}, (), "5 GHz only"),
        ({"country": "00"}, (), "no regulatory domain is set"),
        ({"interface": ""}, (), "Radios of this machine: none"),
        ({}, ("--interface", "wlan7"), "there is no radio wlan7. Radios of this machine: wlan0"),
        ({}, ("--channel", "12"), "channel 12 may not be used in country DE (no IR)"),
        ({}, ("--channel", "14"), "(disabled)"),
        ({}, ("--channel", "36"), "Choose 1 to 14"),
        ({}, ("--ssid", "x" * 33), "--ssid is not 1 to 32 bytes"),
        ({}, ("--country", "Germany"), "not two letters"),
        ({}, ("--address", "127.1"), "no IPv4 address"),
        ({}, ("--address", "8.8.8.8"), "not a private one"),
        ({}, ("--backend", "networkmanager"), "NetworkManager does not run"),
        ({"with_nmcli": True}, ("--backend", "hostapd"), "NetworkManager runs"),
    ],
)
def test_what_cannot_be_is_refused(run, laptop, words, cause):
    code, said, radio = run("up", "--dry-run", *words, **laptop)
    assert (code, cause in said) == (2, True), said
    assert not any(" set " in call for call in radio.calls)


@pytest.mark.skipif(shutil.which("ip") is None, reason="`ip` is not installed")
def test_a_network_that_is_there_already_is_refused(run):
    code, said, _ = run("up", "--dry-run", "--address", "127.0.0.9")
    assert (code, "in the network 127.0.0.0/24 already" in said) == (2, True)


def test_missing_programs_are_named(run, tmp_path, monkeypatch):
    monkeypatch.setattr(plan.shutil, "which", lambda name: None if name == "dnsmasq" else f"/bin/{name}")
    code, said, _ = run("up", "--dry-run")
    assert (code, "dnsmasq not installed. sudo apt-get install dnsmasq." in said) == (2, True)


def test_a_short_password_is_refused(run, monkeypatch, tmp_path):
    file = tmp_path / "password"
    file.write_text("short\n")
    code, said, _ = run("up", "--password-file", str(file), "--dry-run")
    assert (code, "8 to 63 ASCII" in said) == (2, True)


def test_nobody_to_ask_means_no(run, tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "check_rights", lambda: None)
    monkeypatch.setattr(sys, "stdin", open(os.devnull))  # noqa: SIM115 - closed with the test
    code, said, radio = run("up", with_nmcli=True)
    sys.stdin.close()
    assert (code, "nobody is there to ask" in said) == (2, True)
    assert not (tmp_path / "notes").exists()


def test_only_root(run, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    code, said, _ = run("up", "--yes", with_nmcli=True)
    assert (code, "with sudo" in said) == (2, True)


@pytest.fixture
def keyfiles(tmp_path, monkeypatch):
    folder = tmp_path / "system-connections"
    folder.mkdir()
    monkeypatch.setattr(plan, "_KEYFILES", folder)
    monkeypatch.setattr(plan, "check_rights", lambda: None)
    return folder


def test_by_network_manager_and_back(run, keyfiles, tmp_path):
    code, said, radio = run("up", "--yes", "--ssid", " a;b\\c", with_nmcli=True)
    assert code == 0, said
    (file,) = keyfiles.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    assert f"psk={PASSWORD}\n" in text and "ssid=\\sa\\;b\\\\c\n" in text and "band=bg\n" in text
    assert PASSWORD not in (tmp_path / "notes" / "steps.json").read_text()
    again, said, _ = run("up", "--yes", with_nmcli=True)
    assert (again, "is there already" in said) == (2, True)
    code, said, radio = run("down", with_nmcli=True)
    assert code == 0, said
    asked = [call for call in radio.calls if "connection" in call]
    assert asked == ["nmcli connection delete k1-lightwave", "nmcli connection reload", "nmcli connection up 1b2c"]
    assert not list(keyfiles.iterdir()) and not (tmp_path / "notes").exists()
    assert run("down")[:2] == (0, "there is nothing to undo\n")


def test_a_failure_undoes_what_was_done(run, keyfiles, tmp_path):
    code, said, radio = run(
        "up", "--yes", "--country", "GB", with_nmcli=True, nmcli_up='echo "no device found" >&2; exit 4'
    )
    assert code == 1
    assert "no device found" in said and "All was undone" in said
    assert radio.says("country") == "DE"
    assert not list(keyfiles.iterdir()) and not (tmp_path / "notes").exists()


def test_what_cannot_be_undone_is_told_and_the_rest_is_undone(tmp_path):
    steps, undone = Steps(tmp_path / "notes"), tmp_path / "undone"
    steps.do([Step("first", ("true",), undo=("touch", str(undone))), Step("second", ("true",), undo=("false",))])
    troubles = []
    steps.undo(troubles.append)
    assert undone.exists() and ["second" in trouble for trouble in troubles] == [True]
    with pytest.raises(AccessPointError, match="third did not work"):
        steps.do([Step("third", ("no-such-program",))])


# ---- the real ip and dnsmasq, in a namespace whose "radio" is a wire ---------------------------------------------


@pytest.fixture
def lan(namespaces):  # noqa: F811
    """The laptop's namespace and a node's, with a wire between wlan0 here and sta0 there."""
    if shutil.which("dnsmasq") is None:
        pytest.skip("dnsmasq is not installed")
    with namespaces("laptop") as laptop, namespaces("node") as node:
        laptop.wire_to(node, "wlan0", "sta0")
        node.run("ip", "link", "set", "sta0", "up")
        yield laptop, node


def state_of(namespace):
    """What a namespace has that an access point changes."""
    flags = "UP" in namespace.run("ip", "link", "show", "wlan0").stdout.partition(">")[0]
    return namespace.run("ip", "-4", "-o", "addr").stdout, flags, namespace.run("ss", "-lunH").stdout


def test_nodes_get_addresses_and_everything_is_undone(lan, tmp_path):
    laptop, node = lan
    radio = FakeRadio(tmp_path / "laptop", bands=BAND_2)
    environment = {**radio.environment, "K1_WIFI_PASSWORD": PASSWORD}
    notes = tmp_path / "notes"
    before = state_of(laptop)

    def tool(*words):
        return laptop.run(sys.executable, TOOL, "--folder", str(notes), *words, check=False, environment=environment)

    up = tool("up", "--yes", "--country", "GB")
    assert up.returncode == 0, up.stdout + up.stderr
    hostapd = int((notes / "hostapd.pid").read_text())
    assert f"wpa_passphrase={PASSWORD}\n" in (notes / "hostapd.conf").read_text()
    assert (radio.says("country"), radio.says("power_save")) == ("GB", "off")
    mac = (node.run("cat", "/sys/class/net/sta0/address")).stdout.strip()
    got = node.run(sys.executable, "-c", DHCP_CLIENT, "sta0", mac, check=False)
    assert got.returncode == 0, got.stderr
    address, server, options = got.stdout.split(maxsplit=2)
    assert server == "192.168.4.1"
    assert address.startswith("192.168.4.") and 2 <= int(address.rpartition(".")[2]) <= 50
    assert not {3, 6} & set(json.loads(options))  # neither router nor name server
    node.run("ip", "addr", "add", f"{address}/24", "dev", "sta0")
    down = tool("down")
    assert down.returncode == 0, down.stdout + down.stderr
    assert (radio.says("country"), radio.says("power_save")) == ("DE", "on")
    assert not notes.exists()
    subprocess.run(["tail", f"--pid={hostapd}", "-f", "/dev/null"], timeout=10, check=True)
    assert state_of(laptop) == before
