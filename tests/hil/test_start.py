"""Starting, stopping and resetting, as the serial line shows it."""

from __future__ import annotations

import serial
from _boot_watch import watch
from _node_repl import Repl

from tests.hil.board import START_S, Board

WATCHDOG_MS = 1000
WDT_RESET, HARD_RESET = 3, 2


def test_says_who_it_is_and_on_which_cores_it_runs(board: Board) -> None:
    said = "\n".join(board.restart(want_hello=False).lines)
    leds = "+".join(map(str, board.config["leds"]))
    assert f"mac={board.mac} leds={leds} fps={board.rate}" in said
    assert "[GPU TASK] Running on Core 1" in said


def test_ctrl_c_ends_the_application_and_ctrl_d_starts_it_again(board: Board) -> None:
    board.restart()
    with serial.Serial(board.port, 115200, timeout=5) as line:
        line.write(b"\x03")
        assert b"stopped by Ctrl-C" in line.read_until(b"stopped by Ctrl-C")
        assert line.read_until(b">>> ").endswith(b">>> ")  # no thread prints on, none is left waiting
        line.write(b"print(6 * 7)\r")
        assert b"42" in line.read_until(b">>> ")
        line.write(b"\x04")
        assert b"soft reboot" in line.read_until(b"soft reboot")
    assert watch(board.port, START_S).node_id is not None


def test_a_reset_is_one(board: Board) -> None:
    board.restart()
    with Repl(board.port) as repl:
        assert repl.exec("import machine\nprint(machine.reset_cause())").strip() == str(HARD_RESET)


def test_a_watchdog_that_nobody_feeds_resets_the_board(board: Board) -> None:
    with Repl(board.port) as repl:
        repl.exec(f"import machine\ndog = machine.WDT(timeout={WATCHDOG_MS})")
    watch(board.port, START_S, want_hello=False)
    with Repl(board.port) as repl:
        assert repl.exec("import machine\nprint(machine.reset_cause())").strip() == str(WDT_RESET)
