"""The systemd unit and the udev rules: accepted by the system's own tools, and true to the code they serve."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import _flash_ports
import pytest

from lightwave_hub import realtime

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "tools" / "systemd" / "k1-hub.service"
RULES = ROOT / "tools" / "udev" / "60-k1-boards.rules"
MOST_EXPOSED = 3.0  # of 10, as `systemd-analyze security` counts


@pytest.fixture
def installed(tmp_path):
    """The unit as it would be installed, with the k1 of this environment."""
    k1 = Path(sys.executable).parent / "k1"
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/k1/.venv/bin/k1", str(k1)))
    return unit


def analyze(*words):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=60, check=False)


def test_systemd_takes_the_unit(installed):
    done = analyze("verify", "--man=no", str(installed))
    said = [line for line in done.stderr.splitlines() if UNIT.name in line]
    assert (done.returncode, said) == (0, []), done.stderr


def test_the_unit_is_hardened(installed):
    done = analyze("security", "--offline=true", "--no-pager", str(installed))
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    if found is None:
        pytest.skip(f"this systemd-analyze cannot judge a file: {done.stderr.strip()[:100]}")
    assert float(found[1]) <= MOST_EXPOSED, done.stdout


def test_the_unit_grants_what_the_hub_asks_for():
    settings = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if re.match(r"[A-Z]\w+=", line))
    assert int(settings["LimitRTPRIO"]) == realtime.PRIORITY
    assert int(settings["LimitNICE"]) == realtime.NICENESS
    assert settings["RestrictRealtime"] == "no"
    assert set(settings["AmbientCapabilities"].split()) == {"CAP_NET_BIND_SERVICE", "CAP_SYS_NICE"}
    words = settings["ExecStart"].split()[1:]
    assert words[0] == "hub" and words[words.index("--store") + 1] == f"/var/lib/{settings['StateDirectory']}"


def test_udev_knows_the_boards_that_the_tools_know():
    known = {(0x303A, product) for product in _flash_ports._NATIVE} | set(_flash_ports._BRIDGES)
    matches = re.findall(r'ATTRS\{idVendor\}=="(\w+)", ATTRS\{idProduct\}=="([\w|]+)"', RULES.read_text())
    assert {(int(vendor, 16), int(each, 16)) for vendor, products in matches for each in products.split("|")} == known
    assert all(vendor == vendor.lower() and products == products.lower() for vendor, products in matches)


def test_every_line_of_the_rules_can_be_read():
    """udev skips a line it does not understand, with a word in a log that nobody reads."""
    assignment = re.compile(r'[A-Z]+(\{[\w/$]+\})?\s*(==|!=|\+=|-=|:=|=)\s*"[^"]*"')
    labels, jumps = set(), set()
    for line in RULES.read_text().splitlines():
        if line and not line.startswith("#"):
            parts = line.split(", ")
            assert all(assignment.fullmatch(part) for part in parts), line
            labels |= set(re.findall(r'LABEL="(\w+)"', line))
            jumps |= set(re.findall(r'GOTO="(\w+)"', line))
    assert jumps == labels
    # uaccess is handed out by 73-seat-late.rules: whoever asks later gets nothing.
    assert int(RULES.name.partition("-")[0]) < 73


def test_udev_takes_the_rules():
    udevadm = shutil.which("udevadm")
    if udevadm is None:
        pytest.skip("udevadm is not installed")
    done = subprocess.run([udevadm, "verify", str(RULES)], capture_output=True, text=True, timeout=30, check=False)
    if "Unknown command" in done.stderr or "Unknown operation" in done.stderr:
        pytest.skip("this udevadm cannot verify (systemd 254 can)")
    assert done.returncode == 0, done.stderr + done.stdout
