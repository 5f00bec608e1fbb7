#!/usr/bin/env python3
"""Burn-in: listens to boards over serial for minutes, hours or days, and judges them by the runbook's rules.

examples:
  tools/monitor.py --prepare --hours 24              the one board that is plugged in, told to print its rates
  tools/monitor.py --all --minutes 10                every board, side by side
  tools/monitor.py --port /dev/ttyACM0 --port /dev/ttyACM1 --days 3 --out burn-in

Run it with .venv/bin/python. A board fails when a strip shows fewer than 80 frames a second (two thirds of what it is
set to, where that is below 120), when it resets, says "timeout" of its own doing, or a word of corruption, when its
sound is older than 20 ms, when it prints what is no text, says nothing for 10 s, or when its port goes away. --out
gets a log of each board's lines, monitor.csv and monitor.png. Ctrl-C (or SIGTERM) ends it early, with its report.
exit code: 0 all passed, 1 a board failed, 2 it could not begin
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import _monitor_report
from _flash_errors import FlashError, explained
from _flash_ports import chosen
from _monitor_board import Board, Limits, Period
from _monitor_port import Listener
from _node_repl import Repl

from _build_common import BUILD

LOOK_S = 0.5
_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
DEFAULT_S = 600.0


def main(arguments: list[str] | None = None) -> int:
    options = _parsed(arguments)
    try:
        ports = chosen(options.port or [], options.all)
        if options.dry_run:
            _show_plan(options, ports)
            return 0
        if options.prepare:
            for port in ports:
                _prepare(port)
        burn_in = BurnIn(ports, _limits(options), options.out, options.every)
    except FlashError as error:
        print(f"monitor: {error}", file=sys.stderr)
        return 2
    try:
        burn_in.run(_seconds(options))
    except KeyboardInterrupt:
        print("\nended early")
    return burn_in.end()


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(
        description=lines[0], epilog="\n".join(lines[2:]), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", action="append", help="a board's serial port; may be repeated")
    parser.add_argument("--all", action="store_true", help="every board that is plugged in")
    length = parser.add_mutually_exclusive_group()
    for unit in _UNITS:
        length.add_argument(f"--{unit}", type=_above(0), metavar="N", help="how long; default 10 minutes")
    parser.add_argument("--prepare", action="store_true", help="set print_rates in config.json and restart first")
    parser.add_argument("--least-fps", type=_above(0), default=Limits.least_fps, help="of 120; default 80")
    parser.add_argument("--most-age-ms", type=_above(0), default=Limits.most_age_ms, help="of the sound; default 20")
    parser.add_argument("--silence", type=_above(0), default=Limits.silence_s, metavar="S", help="default 10")
    parser.add_argument(
        "--settle", type=_above(0), default=Limits.settle_s, metavar="S", help="after starts; default 5"
    )
    parser.add_argument("--every", type=_above(0), default=10.0, metavar="S", help="a line of the CSV; default 10")
    parser.add_argument("--out", type=Path, default=BUILD / "monitor", metavar="DIR", help="default build/monitor")
    parser.add_argument("--dry-run", action="store_true", help="name ports and rules, and end")
    return parser.parse_args(arguments)


def _above(least: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = float(text)
        if not least < value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text} is not above {least:g}")
        return value

    return number


def _seconds(options: argparse.Namespace) -> float:
    for unit, seconds in _UNITS.items():
        if (value := getattr(options, unit)) is not None:
            return float(value * seconds)
    return DEFAULT_S


def _limits(options: argparse.Namespace) -> Limits:
    return Limits(options.least_fps, options.most_age_ms, options.silence, options.settle)


def _show_plan(options: argparse.Namespace, ports: Sequence[str]) -> None:
    limits = _limits(options)
    print(f"would listen for {_seconds(options):g} s to {', '.join(ports)}, and write to {options.out}")
    if options.prepare:
        print("before: set print_rates in each config.json, and restart it")
    print(f"a board fails below {limits.least_fps:g} FPS, with sound older than {limits.most_age_ms:g} ms, after")
    print(f"{limits.silence_s:g} s of silence, or by a reset, timeout, word of corruption, garbage or lost port")
    print("nothing was touched (--dry-run)")


def _prepare(port: str) -> None:
    """Have the node print its rates. Raises FlashError."""
    with Repl(port) as repl:
        config = repl.config()
        if config is None:
            raise FlashError(f"{port}: the board has no config.json", "tools/flash.py gives it one")
        if config.get("print_rates") is not True:
            repl.put_config({**config, "print_rates": True})
        repl.restart().close()


class BurnIn:
    """Raises FlashError when a port cannot be opened. `end` it after `run`, however that ended."""

    def __init__(self, ports: Sequence[str], limits: Limits, folder: Path, every_s: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._began_s = time.monotonic()
        self._every_s = every_s
        self._live = sys.stdout.isatty()
        self._drawn = 0
        self.boards = [Board(port, limits, self._began_s, self._teller(port)) for port in ports]
        self._listeners = [self._listener(board, folder) for board in self.boards]
        self._report = _monitor_report.Report(folder)
        for listener in self._listeners:
            listener.start()

    def _listener(self, board: Board, folder: Path) -> Listener:
        log = folder / f"{re.sub('[^A-Za-z0-9]+', '_', board.port).strip('_')}.log"
        try:
            return Listener(board, log, self._lock)
        except OSError as error:
            raise explained(error, board.port) from None

    def _teller(self, port: str) -> Callable[[str], None]:
        def told(text: str) -> None:
            if not self._live:
                print(f"{time.monotonic() - self._began_s:8.1f} s  {port}  {text}", flush=True)

        return told

    def run(self, seconds: float) -> None:
        next_row_s = self._every_s
        while (passed_s := time.monotonic() - self._began_s) < seconds:
            if passed_s >= next_row_s:
                self._write_row(passed_s)
                next_row_s = passed_s + self._every_s
            with self._lock:
                for board in self.boards:
                    board.look(time.monotonic())
                shown = _monitor_report.show(self.boards)
            if self._live:
                self._draw(f"{shown}\n{passed_s / 3600:.2f} of {seconds / 3600:.2f} hours; Ctrl-C ends it")
            time.sleep(max(0.0, min(LOOK_S, seconds - passed_s)))

    def end(self) -> int:
        for listener in self._listeners:
            listener.stop()
        self._write_row(time.monotonic() - self._began_s)
        self._report.close()
        print(f"\n{_monitor_report.show(self.boards)}")
        for board in self.boards:
            if board.first_fault is not None:
                at_s, text = board.first_fault
                print(f"{board.port}: first after {at_s:.1f} s: {text}")
        return int(any(board.failed for board in self.boards))

    def _write_row(self, at_s: float) -> None:
        rows = []
        with self._lock:
            for board in self.boards:
                rows.append(_monitor_report.Row(at_s, board, board.period, dict(board.faults)))
                board.period = Period()
        self._report.add(rows)

    def _draw(self, text: str) -> None:
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        lines = text.split("\n")
        sys.stdout.write(up + "".join(f"{line}\x1b[K\n" for line in lines))
        sys.stdout.flush()
        self._drawn = len(lines)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    sys.exit(main())
