"""`k1 doctor` finds what a newcomer meets, by the real cause where there can be one."""

import json
import os
import shutil
import subprocess
import sys
import time
import tty
from pathlib import Path

import pytest

from lightwave_hub import config
from lightwave_hub.cli import checks_machine, checks_network, nftables, radio
from lightwave_hub.cli.nftables import Packet
from tests.hub.cli_support import K1, k1
from tests.tools.fake_radio import FakeRadio
from tests.tools.namespaces import namespaces  # noqa: F401 - a fixture


def checks_of(result):
    """Name to check of what `k1 doctor --json` printed."""
    assert result.stdout, result.stderr
    return {check["name"]: check for check in json.loads(result.stdout)["checks"]}


@pytest.fixture
def hub_file(tmp_path):
    """Free ports, but for those that the firewall is asked about."""
    file = tmp_path / "hub.toml"
    file.write_text('[hub]\nhost = "127.0.0.1"\nport = 8089\n[stream]\ntime_port = 0\n')
    return file


# ---- firewall ------------------------------------------------------------------------------------------------------


@pytest.fixture
def lan(namespaces):  # noqa: F811
    """A namespace whose rules nobody else has to keep; `load(rules)` gives it these and no others."""
    if shutil.which("nft") is None:
        pytest.skip("nft is not installed")
    with namespaces("doctor") as namespace:

        def load(rules):
            command = ["ip", "netns", "exec", namespace.name, "nft", "-f", "-"]
            subprocess.run(command, input=f"flush ruleset\n{rules}", text=True, check=True)

        yield namespace, load


@pytest.fixture
def closed(lan, hub_file):
    """`closed(rules)`: the doctor's word on the firewall behind these rules."""
    namespace, load = lan

    def ask(rules):
        load(rules)
        return checks_of(namespace.run(*K1, "doctor", "--json", "--config", str(hub_file), check=False))["firewall"]

    return ask


@pytest.fixture
def loaded(lan):
    """`loaded(rules)`: the same rules as nft prints them."""
    namespace, load = lan

    def ask(rules):
        load(rules)
        return json.loads(namespace.run("nft", "-j", "list", "ruleset").stdout)["nftables"]

    return ask


TCP_80 = Packet("input", "tcp", 80)
TABLE = """\
table inet filter {{
  chain {hook} {{
    type filter hook {hook} priority 0; policy {policy};
    {rules}
  }}
}}
"""


@pytest.mark.parametrize(
    ("hook", "policy", "rules", "dropped"),
    [
        ("input", "accept", "udp dport { 49154, 5353 } drop\ntcp dport 8089 reject", "TCP 8089 in"),
        ("input", "drop", 'iifname "lo" accept\nct state established accept', "TCP 8089 in, UDP 0 in"),
        ("output", "accept", "meta l4proto udp th dport 49000-50000 counter drop", "UDP 49152 out"),
    ],
)
def test_nftables_that_drop_what_nodes_need(closed, hook, policy, rules, dropped):
    check = closed(TABLE.format(hook=hook, policy=policy, rules=rules))
    assert (check["result"], check["found"]) == ("warning", f"nftables drops {dropped}")
    assert check["next_step"].startswith(f"sudo nft insert rule inet filter {hook} ")


def test_the_remedy_for_nftables_is_one(closed):
    rules = TABLE.format(hook="input", policy="accept", rules="tcp dport 8000-9000 drop")
    found = closed(rules)
    remedy = found["next_step"].removeprefix("sudo nft ")
    assert closed(f"{rules}\n{remedy}")["result"] == "ok"


@pytest.mark.parametrize(
    "rules",
    [
        "",
        "tcp dport 22 drop",
        'iifname "eth0" tcp dport 80 drop',
        "ip saddr 10.0.0.0/8 drop",
        "ct state invalid drop",
        "tcp dport 80 accept\ntcp dport 80 drop",
        "tcp dport != { 22, 80 } drop",
        "tcp dport 80 limit rate 5/second drop",
    ],
)
def test_nftables_that_do_not_or_only_may(loaded, rules):
    assert nftables.dropped(loaded(TABLE.format(hook="input", policy="accept", rules=rules)), TCP_80) is None


def entries(*rules, policy="accept", **chains):
    """A ruleset as nft prints it; each rule a list of statements."""
    place = {"family": "ip", "table": "t"}
    found = [{"chain": {**place, "name": "in", "type": "filter", "hook": "input", "policy": policy}}]
    found += [{"chain": {**place, "name": name}} for name in chains]
    for name, listed in {"in": rules, **chains}.items():
        found += [{"rule": {**place, "chain": name, "expr": rule}} for rule in listed]
    return found


DROP, ACCEPT, TO_MORE = {"drop": None}, {"accept": None}, {"jump": {"target": "more"}}


def test_jumps_and_returns():
    to_port = {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 80}}
    assert nftables.dropped(entries([TO_MORE], [ACCEPT], more=[[to_port, DROP]]), TCP_80)
    assert not nftables.dropped(entries([TO_MORE], [ACCEPT], policy="drop", more=[[{"return": None}], [DROP]]), TCP_80)
    assert nftables.dropped(entries([{"goto": {"target": "more"}}], [ACCEPT], policy="drop", more=[]), TCP_80)
    assert not nftables.dropped(entries([TO_MORE], more=[[TO_MORE]]), TCP_80)  # a loop ends


def test_what_iptables_left_is_not_known_and_not_reported():
    assert not nftables.dropped(entries([{"xt": {"type": "match", "name": "comment"}}, DROP]), TCP_80)


def test_ufw(tmp_path, monkeypatch):
    """Its rules are in files of its own; a stand-in says what `ufw status` prints."""
    monkeypatch.setattr(checks_network, "UFW", tmp_path / "ufw.conf")
    (tmp_path / "ufw.conf").write_text("ENABLED=yes\n")
    status = "Status: active\n\nTo             Action      From\n80/tcp         ALLOW       Anywhere\n"
    tool = tmp_path / "ufw"
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for more, result, step in (
        ("", "warning", "sudo ufw allow 49154/udp"),
        ("49154          ALLOW       Anywhere\n", "ok", ""),
    ):
        tool.write_text(f"#!/bin/sh\ncat << END\n{status}{more}END\n")
        tool.chmod(0o755)
        check = checks_network.firewall(config.Config())
        assert (check.result, check.next_step) == (result, step)


# ---- WiFi, of which there is none here -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("laptop", "name", "step"),
    [
        ({}, "WiFi power save", "sudo iw dev wlan0 set power_save off"),
        ({"country": "00"}, "WiFi country", "sudo iw reg set DE"),
    ],
)
def test_wifi(tmp_path, laptop, name, step):
    wifi = FakeRadio(tmp_path / "laptop", **laptop)
    check = checks_of(k1("doctor", "--json", PATH=wifi.environment["PATH"]))[name]
    assert check["result"] == "warning" and step in check["next_step"]


def test_wifi_as_it_should_be(tmp_path):
    wifi = FakeRadio(tmp_path / "laptop", power_save="off")
    found = checks_of(k1("doctor", "--json", PATH=wifi.environment["PATH"]))
    assert (found["WiFi power save"]["result"], found["WiFi country"]["found"][:2]) == ("ok", "DE")


def test_wifi_without_iw(monkeypatch):
    monkeypatch.setattr(radio, "wireless_by_kernel", lambda: ["wlan0"])
    monkeypatch.setenv("PATH", "/nonexistent")
    power_save, country = (check() for check in checks_network.wifi_checks())
    assert "apt-get install iw" in power_save.next_step and "apt-get install iw" in country.next_step


# ---- packages ------------------------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path):
    """A copy of this environment's packages, by links, for taking some away: the folder, and `k1 doctor` with it."""
    import aiohttp

    packages = Path(aiohttp.__file__).parents[1]
    folder = tmp_path / "site"
    folder.mkdir()
    for each in packages.iterdir():
        if not each.name.startswith("__editable__"):
            (folder / each.name).symlink_to(each)
    root = Path(__file__).resolve().parents[2]
    ours = [str(root / name) for name in ("hub", "shared", "boards/SIM")]

    def ask():
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *ours])}
        command = [sys.executable, "-S", "-m", "lightwave_hub.cli.main", "doctor", "--json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
        return done.returncode, checks_of(done)["versions"]

    return folder, ask


def test_a_missing_package(site):
    folder, ask = site
    for each in folder.glob("python_osc-*"):
        each.unlink()
    (folder / "pythonosc").unlink()
    code, check = ask()
    assert (code, check["result"]) == (1, "failure")
    assert "missing or too old: python-osc>=1.10" in check["found"] and "pip install" in check["next_step"]


def test_a_package_that_is_too_old(site):
    folder, ask = site
    (info,) = folder.glob("shtab-*.dist-info")
    info.unlink()
    old = folder / "shtab-1.7.9.dist-info"
    old.mkdir()
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: shtab\nVersion: 1.7.9\n")
    code, check = ask()
    assert (code, check["result"]) == (1, "failure")
    assert "shtab>=1.8" in check["found"]


# ---- clock ---------------------------------------------------------------------------------------------------------


def test_a_clock_that_is_set_while_it_looks(monkeypatch):
    """The clock of this machine is not ours to set: a stand-in jumps at its second reading."""
    readings = iter([1000.0, 1003.0])
    monkeypatch.setattr(time, "time", lambda: next(readings))
    check = checks_machine.wall_clock()
    assert check.result == "warning" and "the clock was set by +" in check.found


@pytest.mark.parametrize(("status", "synchronised"), [(0x2001, True), (0x40, False), (None, None)])
def test_what_the_kernel_says_of_its_clock(monkeypatch, status, synchronised):
    monkeypatch.setattr(checks_machine, "_adjtimex_status", lambda: status)
    assert checks_machine.is_synchronised() is synchronised
    result = "warning" if synchronised is False else "ok"
    assert checks_machine.wall_clock().result == result


def test_the_kernel_is_really_asked():
    said = subprocess.run(
        [sys.executable, "-c", "from lightwave_hub.cli import checks_machine as c; print(c._adjtimex_status())"],
        capture_output=True,
        text=True,
        check=True,
    )
    status = int(said.stdout)
    assert 0 <= status < 1 << 16
    if shutil.which("timedatectl"):
        shown = subprocess.run(
            ["timedatectl", "show", "-p", "NTPSynchronized"], capture_output=True, text=True, check=False
        )
        if shown.returncode == 0:
            assert shown.stdout.strip() == f"NTPSynchronized={'no' if status & 0x40 else 'yes'}"


# ---- permissions, room, ports --------------------------------------------------------------------------------------


def as_nobody(code):
    """Run Python as a user who may nothing."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    dropped = f"import os; os.setgroups([]); os.setgid(65534); os.setuid(65534)\n{code}"
    root = Path(__file__).resolve().parents[2]
    paths = f"import sys; sys.path[:0] = {[str(root / name) for name in ('hub', 'shared')]!r}\n"
    imports = "from lightwave_hub.cli import checks, checks_machine\nfrom lightwave_hub import config\n"
    done = subprocess.run(
        [sys.executable, "-c", paths + imports + dropped], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_serial_port_that_may_not_be_opened():
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    port = os.ttyname(theirs)
    os.chmod(port, 0o600)  # noqa: PTH101 - of a device
    name, result, found, step = as_nobody(f"import json; print(json.dumps(checks_machine.serial_ports(({port!r},))))")
    os.close(ours)
    os.close(theirs)
    assert (name, result) == ("serial ports", "warning")
    assert port in found and step.startswith("sudo usermod -aG ")


def test_a_port_below_1024():
    least = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    if least == 0:
        pytest.skip("here everybody may listen on every port")
    code = (
        "import json; hub = config.from_dict({'hub': {'host': '127.0.0.1', 'port': 1}})\n"
        "print(json.dumps(checks._page_port(hub)))"
    )
    _, result, found, step = as_nobody(code)
    assert (result, f"only ports from {least} up" in found) == ("failure", True)
    assert "setcap cap_net_bind_service" in step and "port = 8080" in step


def test_a_folder_that_may_not_be_written(tmp_path):
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    code = (
        f"import json; hub = config.from_dict({{'store': {{'path': {str(folder)!r}}}}})\n"
        "print(json.dumps(checks._disk(hub)))"
    )
    _, result, found, _ = as_nobody(code)
    assert (result, "may not be written by this user" in found) == ("failure", True)


def test_little_room(tmp_path):
    """On a file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o size=1M none {folder} && exec "$@"', "sh"]
    if subprocess.run([*mount, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no mount namespaces here")
    file = tmp_path / "hub.toml"
    file.write_text(f'[store]\npath = "{folder}"\n')
    done = subprocess.run(
        [*mount, *K1, "doctor", "--json", "--config", str(file)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    disk = checks_of(done)["disk"]
    assert disk["result"] in ("warning", "failure") and "make room" in disk["next_step"]
