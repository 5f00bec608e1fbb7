"""Around flashing: which ports are boards', what a node is told, what is seen on a terminal."""

from __future__ import annotations

import argparse
import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import _flash_ports
import pytest
import serial
from _flash_errors import FlashError
from _flash_file import APP, APPLICATION
from _flash_provision import add_options, given, merged
from _flash_release import release
from _flash_screen import Screen, table
from _node_repl import Repl
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from _build_common import ROOT
from lightwave.app_archive import pack
from lightwave_hub.ota.store import Release, UpdateStore
from tests.tools import flash_images as images

SECRET = "never-to-be-printed"


def plug(monkeypatch: pytest.MonkeyPatch, *ports: tuple[str, int | None, int | None]) -> None:
    infos = []
    for device, vid, pid in ports:
        info = ListPortInfo(device)
        info.vid, info.pid = vid, pid
        infos.append(info)
    monkeypatch.setattr(list_ports, "comports", lambda: infos)


@pytest.fixture
def line() -> Iterator[str]:
    ends = pty.openpty()
    yield os.ttyname(ends[1])
    for end in ends:
        os.close(end)


# ---- ports


def test_boards_are_told_by_their_usb_ids_the_surest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(
        monkeypatch, ("/dev/ttyS0", None, None), ("/dev/ttyUSB0", 0x10C4, 0xEA60), ("/dev/ttyACM1", 0x2341, 0x0043),
        ("/dev/ttyACM0", 0x303A, 0x1001),
    )  # fmt: skip
    assert [(port.device, port.is_espressif) for port in _flash_ports.found()] == [
        ("/dev/ttyACM0", True),
        ("/dev/ttyUSB0", False),
    ]


def test_the_only_board_is_taken(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    plug(monkeypatch, (line, 0x303A, 0x1001))
    assert _flash_ports.chosen([], every=False) == [line]


def test_among_several_one_has_to_be_named(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    plug(monkeypatch, (line, 0x303A, 0x1001), ("/dev/null", 0x303A, 0x1001))
    with pytest.raises(FlashError, match="2 boards are there"):
        _flash_ports.chosen([], every=False)
    assert set(_flash_ports.chosen([], every=True)) == {line, "/dev/null"}


def test_no_board_at_all_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch)
    with pytest.raises(FlashError, match="no board is plugged in"):
        _flash_ports.chosen([], every=True)


def test_a_port_without_permission_is_refused_at_once(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may do everything
    with pytest.raises(FlashError, match="no permission.*usermod"):
        _flash_ports.chosen([line], every=False)


def test_a_repl_whose_port_is_in_use_or_none_says_so(line: str) -> None:
    with serial.Serial(line, exclusive=True), pytest.raises(FlashError, match="another program uses the port"):
        Repl(line).__enter__()
    with pytest.raises(FlashError, match="this is no serial port. Choose another"):
        Repl("/dev/null").__enter__()


# ---- what a node is told


def told(*arguments: str) -> dict[str, object]:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return given(parser.parse_args(arguments))


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K1_WIFI_PASSWORD", SECRET)


def test_a_new_node_has_its_boards_template_and_what_was_given(password: None) -> None:
    config = merged("K1_S3", None, told("--ssid", "Stage", "--hub", "10.0.0.1:8080", "--leds", "60", "--pins", "7"))
    assert (config["led_port"], config["password"], config["ssid"]) == ("native", SECRET, "Stage")
    assert (config["hub_host"], config["hub_port"], config["leds"], config["pins"]) == ("10.0.0.1", 8080, [60], [7])


def test_what_a_node_has_stays_unless_it_is_given_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("K1_WIFI_PASSWORD", raising=False)
    there = {"ssid": "Stage", "password": SECRET, "leds": [10, 20]}
    assert merged("GENERIC_S3", there, told("--hub", "hub")) == {**there, "hub_host": "hub"}


def test_developer_mode_ends_unless_it_is_asked_for(tmp_path: Path, password: None) -> None:
    there = {"ssid": "Stage", "password": SECRET, "developer": True}
    assert "developer" not in merged("GENERIC_S3", there, {})
    assert merged("GENERIC_S3", there, {"developer": True})["developer"]


def test_secrets_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(SECRET + "\n")
    assert told("--password-file", str(tmp_path / "password"))["password"] == SECRET


def test_an_open_network_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("K1_WIFI_PASSWORD", raising=False)
    with pytest.raises(FlashError, match="no password was given.*--open-network"):
        merged("GENERIC_S3", None, {})
    assert "password" not in merged("GENERIC_S3", None, told("--open-network"))


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("[1]", "holds no object"),
        ('{"password": "' + SECRET + '", oops}', "is not JSON (line 1)"),
        (
            '{"password": "' + SECRET + '", "no_such_key": 1}',
            "no_such_key: this version of the firmware has no such key",
        ),
        ('{"password": "short"}', "password: must be text of 8 to 63 characters"),
    ],
)
def test_refusals_name_the_key_and_never_a_secret(tmp_path: Path, text: str, cause: str) -> None:
    (tmp_path / "fleet.json").write_text(text)
    with pytest.raises(FlashError) as refusal:
        told("--config", str(tmp_path / "fleet.json"))
    assert cause in str(refusal.value)
    assert SECRET not in str(refusal.value) and "short" not in str(refusal.value)


def test_a_file_may_hold_every_key(tmp_path: Path, password: None) -> None:
    (tmp_path / "fleet.json").write_text(json.dumps({"trial_s": 60, "ssid": "file"}))
    values = told("--config", str(tmp_path / "fleet.json"), "--ssid", "option", "--mic-pins", "1,2,3")
    assert values == {"trial_s": 60, "ssid": "option", "password": SECRET, "mic_pins": {"sck": 1, "ws": 2, "sd": 3}}


# ---- what there is to go back to


def test_a_folder_of_files_will_do_for_a_fleet_without_a_hub(tmp_path: Path) -> None:
    (tmp_path / "2.7.0.bin").write_bytes(images.application("2.7.0", payload=images.OURS))
    (tmp_path / "2.7.0.k1a").write_bytes(pack([("lightwave_hw/start.mpy", b"M")]))
    (tmp_path / "notes.txt").write_text("which was good?")
    assert release(tmp_path, "2.7.0", "K1_S3").kind == APPLICATION
    assert release(tmp_path, "2.7.0", "GENERIC_S3").kind == APP
    with pytest.raises(FlashError, match="several boards. Say which by --board"):
        release(tmp_path, "2.7.0", None)
    with pytest.raises(FlashError, match=r"There are: 2.7.0 \(K1_S3\), 2.7.0 \(GENERIC_S3\)"):
        release(tmp_path, "2.6.0", None)
    with pytest.raises(FlashError, match="holds no releases. Name by --ota"):
        release(tmp_path / "elsewhere", "2.7.0", None)


def test_a_release_whose_image_is_gone_is_said_to_be(tmp_path: Path) -> None:
    store = UpdateStore(tmp_path)
    store.put_release(Release("2.7.0", "K1_S3", "firmware", 9, "ab" * 32, 1, 2**31, "", "", 0))
    store.close()
    with pytest.raises(FlashError, match="release 2.7.0: No such file or directory. Its image is gone"):
        release(tmp_path, "2.7.0", None)


# ---- how it is started


def test_runs_by_its_own_python_whatever_it_is_started_with() -> None:
    other = getattr(sys, "_base_executable", sys.executable)
    result = subprocess.run([other, ROOT / "tools" / "flash.py", "--help"], capture_output=True, text=True, check=False)
    assert result.returncode == 0 and "--rollback VERSION" in result.stdout, result.stderr


# ---- what is seen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [80, 200, 60])
def test_a_terminal_has_a_line_with_a_bar_for_each_board(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    out = Terminal()
    with Screen(["/dev/ttyACM0", "/dev/serial/by-id/usb-Espressif_USB_JTAG_1"], out) as screen:
        screen.step("/dev/ttyACM0", "writing the image")
        screen.progress("/dev/ttyACM0", 0.5)
    first, second = out.getvalue().rsplit("\x1b[2A", 1)[1].replace("\x1b[K", "").splitlines()
    assert re.fullmatch(r"/dev/ttyACM0 +writing the image +(\[#+\.+\])?  50 %", first)
    assert ("[" in first) == (columns > 60)
    assert second == "usb-Espressif_USB_JTAG_1  waiting"
    assert len(first) < min(columns, 80)


def test_more_boards_than_a_terminal_has_lines_are_told_of_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINES", "3")
    out = Terminal()
    with Screen(["a", "b", "c"], out) as screen:
        screen.step("c", "ready")
    assert out.getvalue() == "c  ready\n"


def test_elsewhere_there_is_a_line_for_each_step_and_no_escape() -> None:
    out = io.StringIO()
    with Screen(["a"], out) as screen:
        screen.step("a", "erasing")
        screen.progress("a", 0.5)
        screen.step("a", "ready")
    assert out.getvalue() == "a  erasing\na  ready\n"


def test_a_tables_columns_line_up() -> None:
    assert table([("PORT", "RESULT"), ("/dev/ttyACM0", "ready")]) == "PORT          RESULT\n/dev/ttyACM0  ready"
