"""tools/monitor.py: each rule by lines as a board prints them, and SIM boards that are well, reset, hang or go away."""

import csv
import os
import signal
import subprocess
import sys
import threading
import time
import tty

import _monitor_report
import monitor
import pytest
from _monitor_board import Board, Limits, Period

import build
from lightwave_sim import SimNode, SimOptions
from lightwave_sim.addresses import AddressBlock

START = "[BOOT] K1 LightwaveOS 0.1.0 mac=02:4B:31:00:00:01 leds=160+160 fps=120\n"
GOOD = "FPS: A=120.1 B=119.9\nAudio age: 4.89 ms\n"


@pytest.fixture
def board():
    """Told of its start, and settled."""
    board = Board("/dev/ttyX", Limits(), 0.0)
    board.feed("rst:0x1 (POWERON),boot:0x8\n" + START, 0.5)
    board.feed(GOOD, 10.0)
    assert not board.failed
    return board


def faults(board):
    return {name: count for name, count in board.faults.items() if count}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("FPS: A=120.0 B=79.9\n", "slow"),
        ("Audio age: 20.01 ms\n", "old"),
        ("ESP-ROM:esp32s3-20210327\nrst:0xc (RTC_SW_CPU_RST)\n" + START, "resets"),
        ("[TIMEOUT] Audio sync failed\n", "timeouts"),
        ("E (123) task_wdt: Task watchdog got triggered\n", "timeouts"),
        ("[ERROR] Memory corruption\n", "corruption"),
        ("***ERROR*** A stack overflow in task\n", "corruption"),
        ("Guru Meditation Error: Core  0 panic'ed\n", "corruption"),
        ("MemoryError: memory allocation failed\n", "corruption"),
        ("\x00\x1b\ufffd\ufffd\n", "garbage"),
    ],
)
def test_what_fails_a_board(board, text, fault):
    board.feed(text, 20.0)
    assert faults(board) == {fault: 1}
    assert board.failed


@pytest.mark.parametrize(
    "text",
    [
        GOOD * 3,
        "FPS: A=80.0 B=80.0\n",
        "Audio age: 20.00 ms\n",
        "[CTRL] hub 192.168.4.1:80: ETIMEDOUT\n",
        "[SYNC] locked in 800 ms\n[FALLBACK] no stream: the scene is held\n",
        "FPS: A=1",
    ],
)
def test_what_does_not(board, text):
    board.feed(text, 20.0)
    assert not board.failed


def test_rates_after_a_start_settle_first(board):
    board.feed(START + "FPS: A=12.0 B=12.0\n", 20.0)
    board.feed("FPS: A=12.0 B=120.0\n", 26.0)
    assert faults(board) == {"resets": 1, "slow": 1}


def test_a_board_of_60_frames_is_judged_by_the_same_share():
    board = Board("/dev/ttyX", Limits(), 0.0)
    board.feed(START.replace("fps=120", "fps=60"), 0.5)
    board.feed("FPS: A=41.0 B=60.0\n", 10.0)
    assert not board.failed
    board.feed("FPS: A=39.0 B=60.0\n", 11.0)
    assert faults(board) == {"slow": 1}


def test_silence_is_counted_once_and_again_after_words(board):
    for now_s in (19.0, 20.5, 40.0):
        board.look(now_s)
    assert faults(board) == {"silences": 1}
    board.feed(GOOD, 41.0)
    board.look(52.0)
    assert faults(board) == {"silences": 2}


def test_a_board_that_prints_no_rates_has_not_passed():
    board = Board("/dev/ttyX", Limits(), 0.0)
    board.feed(START, 1.0)
    assert board.failed and "print_rates" in board.verdict


def test_a_line_without_end_is_not_kept_forever(board):
    for _ in range(100):
        board.feed("\x00" * 100, 20.0)
    assert 10 < board.faults["garbage"] <= 100


def test_the_worse_of_two_periods_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(_monitor_report.Report, "MOST_POINTS", 4)
    report, board = _monitor_report.Report(tmp_path), Board("/dev/ttyX", Limits(), 0.0)
    for number in range(64):
        period = Period()
        period.age_ms.add(50.0 if number == 17 else 5.0)
        report.add([_monitor_report.Row(number, board, period, dict(board.faults))])
    assert len(report._points) <= 5
    assert max(point["age_ms_most"] for point in report._points) == 50.0
    report._points.clear()  # the picture is drawn elsewhere
    report.close()


# ---- boards ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def sim():
    build.ensure_sim()


class Wire:
    """A serial port whose other end a test has: `says` is what comes out of it."""

    def __init__(self):
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.path = os.ttyname(self._theirs)

    def says(self, data: bytes) -> None:
        os.write(self._ours, data)

    def close(self) -> None:
        os.close(self._ours)
        os.close(self._theirs)


@pytest.fixture
def nodes(tmp_path):
    """Four SIM boards that print their rates."""
    block = AddressBlock()
    made = [
        SimNode(
            SimOptions(
                tmp_path / f"node{number}", mac=f"02:4B:31:00:00:0{number}", ip=block.node(number),
                hub_host=block.relay(1), config={"print_rates": True},
            )
        )
        for number in range(1, 5)
    ]  # fmt: skip
    for node in made:
        node.start()
    for node in made:
        node.wait_for(r"FPS: A=")
    yield made
    for node in made:
        node.stop()
    block.release()


def test_boards_that_are_well_reset_hang_are_unplugged_or_print_garbage(nodes, tmp_path, capsys):
    well, restarts, hangs, unplugged = nodes
    wire = Wire()
    ports = [*(node.serial_path for node in nodes), wire.path]
    arguments = [word for port in ports for word in ("--port", port)]
    arguments += ["--seconds", "6", "--silence", "2.5", "--settle", "1", "--every", "1", "--out", str(tmp_path / "out")]
    # What this machine's load does to frame rates is not the matter here.
    arguments += ["--least-fps", "1", "--most-age-ms", "10000"]
    codes = []
    run = threading.Thread(target=lambda: codes.append(monitor.main(arguments)))
    run.start()
    logs = [tmp_path / "out" / f"{node.serial_path.strip('/').replace('/', '_')}.log" for node in (well, restarts)]
    while not all(log.exists() and "FPS: A=" in log.read_text() for log in logs):
        assert run.is_alive()
        time.sleep(0.05)
    restarts.kill()
    restarts.power_on()
    hangs.pause()
    unplugged.stop()
    wire.says(b"FPS: A=120.0 B=120.0\r\n\xff\xfe\x00\x81\r\n")
    run.join()
    hangs.resume()
    wire.close()
    said = capsys.readouterr().out
    results = {line.split()[0]: line for line in said.splitlines() if line.startswith("/dev/") and "first" not in line}
    wanted = ("passed", "reset: 1", "said nothing: 1", "port gone: 1", "unreadable line: 1")
    for port, words in zip(ports, wanted, strict=True):
        assert words in results[port], said
    assert codes == [1]
    with open(tmp_path / "out" / "monitor.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["port"] for row in rows} == set(ports)
    last = {row["port"]: row for row in rows}
    assert (last[ports[1]]["resets"], last[ports[3]]["unplugged"]) == ("1", "1")
    assert float(next(row["fps_a_mean"] for row in rows if row["port"] == ports[0] and row["fps_a_mean"])) > 10
    assert (tmp_path / "out" / "monitor.png").read_bytes()[:4] == b"\x89PNG"


def test_preparing_sets_print_rates_and_a_terminal_gets_a_live_view(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with SimNode(SimOptions(tmp_path / "node")) as node:
        node.start()
        node.wait_for(r"\[BOOT\] K1")
        arguments = ["--prepare", "--port", node.serial_path, "--seconds", "3", "--settle", "9", "--out", str(tmp_path)]
        code = monitor.main(arguments)
    said = capsys.readouterr().out
    assert (code, "passed" in said) == (0, True), said
    assert "\x1b[3A" in said and "Ctrl-C ends it" in said  # drawn over: a head, a board, the time


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_its_report(tmp_path, number):
    wire = Wire()
    command = [sys.executable, monitor.__file__, "--port", wire.path, "--days", "2", "--out", str(tmp_path)]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        log = tmp_path / f"{wire.path.strip('/').replace('/', '_')}.log"
        while not (log.exists() and "FPS" in log.read_text()):
            assert run.poll() is None, run.stdout.read()
            wire.says(b"FPS: A=120.0 B=120.0\r\n")
            time.sleep(0.1)
        run.send_signal(number)
        said, _ = run.communicate(timeout=30)
    finally:
        run.kill()
        wire.close()
    assert run.returncode == 0, said
    assert "ended early" in said and "passed" in said
    assert (tmp_path / "monitor.csv").read_text().count("\n") == 2


def test_a_dry_run_opens_nothing(tmp_path, capsys):
    wire = Wire()
    assert monitor.main(["--port", wire.path, "--days", "2", "--out", str(tmp_path / "out"), "--dry-run"]) == 0
    assert "172800 s" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()
    wire.close()


def test_what_cannot_begin_says_why(capsys):
    assert monitor.main(["--port", "/dev/ttyNOSUCH"]) == 2
    assert "there is no such port" in capsys.readouterr().err
