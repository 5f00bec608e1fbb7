"""Every command of hub/RUNBOOK.md is run: against a hub and a SIM board, with the tool's own dry run where it would
touch real boards, and with stand-ins for what would change this machine. A command that nothing here knows fails."""

import re
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import build
from lightwave_sim import loop
from lightwave_sim.fleet import Fleet, FleetOptions, mac_of
from tests.system import ota_support
from tests.tools.conftest import write
from tests.tools.fake_radio import FakeRadio
from tests.tools.flash_images import whole

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "hub" / "RUNBOOK.md").read_text()
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = [line for kind, block in BLOCK.findall(TEXT) for line in block.splitlines() if line.strip()]
ANOTHER_HOUR = "{:02}:00-{:02}:00".format(*((time.localtime().tm_hour + ahead) % 24 for ahead in (8, 9)))
SHORT = "--seconds 3 --settle 1 --least-fps 1 --most-age-ms 10000"
# What a command becomes here, by its beginning: the first that fits. What it changes is a pattern and its replacement.
KNOWN: list[tuple[str, list[tuple[str, str]]]] = [
    ("make setup", [("$", " --dry-run")]),
    ("make soak", [("$", " --dry-run")]),
    (".venv/bin/k1 doctor", [("$", " --json > /dev/null || test $? = 1")]),
    (".venv/bin/k1 ota push ", [("--soak 600", "--soak 1 --detach"), ("02:00-05:00", ANOTHER_HOUR)]),
    (".venv/bin/k1 ota rollback ", [("$", " --detach")]),
    (".venv/bin/k1 ", []),
    # Not by the link of the desk, but by the file that the hub leaves for commands on its own machine.
    ("sudo env K1_STORE=/var/lib/k1 .venv/bin/k1 token add ", [("$", " --url $HUB")]),
    (".venv/bin/python tools/build.py --board GENERIC_S3", []),
    (".venv/bin/python tools/flash.py --list", []),
    (".venv/bin/python tools/flash.py ", [("--all", "--port /dev/ttyACM0"), ("$", " --dry-run")]),
    (".venv/bin/python tools/monitor.py ", [
        ("--all", "--port /dev/ttyACM0"), (r"--(minutes|hours) \d+", SHORT), ("burn-in", "$TEMPORARY/burn-in"),
    ]),
    (".venv/bin/python tools/access_point.py up", []),
    ("sudo .venv/bin/python tools/access_point.py up", [("$", " --dry-run")]),
    ("sudo .venv/bin/python tools/access_point.py down", [("down", "--folder $TEMPORARY/none down")]),
    (".venv/bin/python -m pytest tests/hil ", [("$", " --collect-only -q")]),
    ("sudo install -D ", []),
    ("sudo udevadm control --reload", []),
    ("sudo systemctl ", []),
]  # fmt: skip
# Stand-ins: sudo only passes on; the others take what they are told here, and nothing else.
SHIMS = {
    "sudo": 'exec "$@"',
    "udevadm": 'test "$*" = "control --reload"',
    "systemctl": 'case "$*" in daemon-reload|"enable --now k1-hub") ;; *) exit 1;; esac',
}


def test_every_block_is_shell():
    assert {kind for kind, _ in BLOCK.findall(TEXT)} == {"sh"}
    assert len(COMMANDS) > 30


@dataclass
class Desk:
    """A hub with one SIM board, and the places that the runbook's words stand for."""

    fleet: Fleet
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def adapted(self, command: str) -> str:
        rules = next((rules for beginning, rules in KNOWN if command.startswith(beginning)), None)
        assert rules is not None, f"no test knows this command of the runbook: {command}"
        for pattern, replacement in rules:
            command = re.sub(pattern, lambda match, new=replacement: new, command, count=1)
        for name, here in {
            "$TEMPORARY": self.folder,
            "$HUB": self.fleet.hub.url,
            "/dev/ttyACM0": self.fleet.nodes[0].serial_path,
            "/etc/": f"{self.folder}/etc/",
            "/var/lib/k1": self.fleet.options.directory / "hub",
            "ESP32_GENERIC_S3.bin": self.folder / "whole.bin",
            "build/k1_s3/firmware.bin": self.folder / "whole.bin",
            "build/k1_s3/micropython.bin": self.folder / "micropython.bin",
            "build/app.k1a": self.folder / "app.k1a",
            "--password-file password": f"--password-file {self.folder}/password",
            "show.json": self.folder / "show.json",
        }.items():
            command = command.replace(name, str(here))
        return command


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    build.ensure_sim()
    folder = tmp_path_factory.mktemp("runbook")
    loop.write_default_loop(folder / "sound.wav")
    options = ota_support.options(folder / "fleet", config={"print_rates": True})
    with Fleet(FleetOptions(folder / "fleet", nodes=1, audio=folder / "sound.wav", **options)) as fleet:
        fleet.nodes[0].wait_for(r"\[CTRL\] welcome node 1", 15)
        assert mac_of(1) in TEXT
        radio = FakeRadio(folder / "laptop", with_nmcli=True)
        for name, script in SHIMS.items():
            write(folder / "shims" / name, f"#!/bin/sh\n{script}\n", executable=True)
        environment = {
            **radio.environment,
            "PATH": f"{folder / 'shims'}:{radio.environment['PATH']}",
            "K1_HUB": fleet.hub.link,
            "K1_CONFIG": "/no/such/cli.toml",
            "K1_WIFI_PASSWORD": "never-to-be-printed",
            "XDG_DATA_HOME": str(folder / "data"),
        }
        (folder / "data").mkdir()
        (folder / "data" / "k1").symlink_to(fleet.options.directory / "hub")
        write(folder / "password", "never-to-be-printed\n")
        (folder / "whole.bin").write_bytes(whole())
        (folder / "micropython.bin").write_bytes(ota_support.firmware("2.8.0"))
        (folder / "previous.bin").write_bytes(ota_support.firmware("2.7.0"))
        assert ota_support.k1_ota(fleet, "add", str(folder / "previous.bin")) == 0
        yield Desk(fleet, folder, environment)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_runbook(desk, command):
    """In the runbook's order: some need what those before them have made."""
    words = desk.adapted(command)
    if shlex.split(words)[0] == "make" and shutil.which("make") is None:
        pytest.skip("make is not installed")
    done = subprocess.run(
        ["bash", "-c", words], cwd=ROOT, env=desk.environment, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    assert "never-to-be-printed" not in done.stdout + done.stderr
