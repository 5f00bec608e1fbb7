#!/usr/bin/env python3
"""Brings the application to a node while one writes it: compile, copy, restart.

examples:
  tools/deploy.py                     to the one board that is plugged in
  tools/deploy.py --watch             again at each save; shows what it prints
  tools/deploy.py --mount             run it from this machine's files; nothing
                                      on the node changes
  tools/deploy.py --port /dev/pts/0   to a SIM node: `make demo` prints its port

Only what has changed is compiled, only what differs is copied. The node needs
MicroPython and a config.json: tools/flash.py gives it both. It is put into
developer mode ("developer": true in config.json): a failure leaves its
traceback at the REPL instead of a reset, and no watchdog runs, not even while
an update is on trial. Ctrl-C at the REPL ends the application with all its
threads (`mpremote` does so when it connects), Ctrl-D starts it again.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import _venv  # noqa: F401 - it changes to the Python that has the rest
import serial
from _boot_watch import LOOK_S
from _flash_errors import FlashError
from _flash_ports import chosen
from _node_app import compiled, deploy, mountable, source_times
from _node_repl import Repl

LOOK_ROUND_S = 0.2


def main(arguments: list[str] | None = None) -> int:
    options = _parsed(arguments)
    try:
        port = chosen([options.port] if options.port else [], every=False)[0]
        if options.mount:
            _mount(port)
            return 0
        times = source_times()
        line = _deploy(port, not options.no_restart)
    except FlashError as error:
        print(f"deploy: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if options.watch:
        try:
            _watch(port, times, line)
        except KeyboardInterrupt:
            print()
    elif line is not None:
        line.close()
    return 0


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(
        description=lines[0], epilog="\n".join(lines[2:]), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", metavar="TTY", help="the node's serial port, when there are several")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--watch", action="store_true", help="go on: deploy at each save, show what the node prints")
    how.add_argument("--mount", action="store_true", help="run the application from this machine's files")
    how.add_argument("--no-restart", action="store_true", help="leave the node at its REPL")
    return parser.parse_args(arguments)


def _deploy(port: str, restart: bool) -> serial.Serial | None:
    """The line to the node that starts over; None when it is left at its REPL."""
    began = time.monotonic()
    with Repl(port) as repl:
        node = repl.facts()
        config = repl.config()
        if config is None:
            raise FlashError("the node has no config.json", "Give it one: tools/flash.py --port PORT --ssid NAME")
        if node.is_frozen:
            raise FlashError(
                "this board has the application in its image, which comes before its files",
                "Use --mount, flash stock MicroPython for development, or build the image again",
            )
        try:
            files = compiled(node)
        except FlashError:
            if restart:
                repl.restart().close()
            raise
        copied, removed = deploy(repl, files, lambda part: None)
        repl.use_lib()
        if not config.get("developer"):
            repl.put_config({**config, "developer": True})
        line = repl.restart() if restart else None
    same = len(files) - copied
    print(f"{port}: {copied} copied, {removed} removed, {same} the same, {time.monotonic() - began:.1f} s", flush=True)
    return line


def _watch(port: str, times: dict[Path, int], line: serial.Serial | None) -> None:
    """Show what the node prints and deploy again when a source has changed, until Ctrl-C."""
    while True:
        _show_until_changed(port, times, line)
        times = source_times()
        try:
            line = _deploy(port, restart=True)
        except (FlashError, FileNotFoundError) as error:  # half written, mistyped: the next save mends it
            line = None
            print(f"deploy: {error}", file=sys.stderr, flush=True)


def _show_until_changed(port: str, times: dict[Path, int], line: serial.Serial | None) -> None:
    if line is not None:
        line.timeout = LOOK_S
    next_look = time.monotonic() + LOOK_ROUND_S
    try:
        while True:
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + LOOK_ROUND_S
                if source_times() != times:
                    return
            try:
                line = line or serial.Serial(port, 115200, timeout=LOOK_S)
                sys.stdout.write(line.read(max(1, line.in_waiting)).decode(errors="replace").replace("\r", ""))
                sys.stdout.flush()
            except OSError:  # it was pulled out, or resets: it will come back
                line = None
                time.sleep(LOOK_S)
    finally:
        if line is not None:
            line.close()


def _mount(port: str) -> None:
    with Repl(port) as repl:
        node = repl.facts()
        if repl.config() is None:
            raise FlashError("the node has no config.json", "Give it one: tools/flash.py --port PORT --ssid NAME")
        folder, modules = mountable(node)
        print(f"{port}: running {folder}; Ctrl-C ends it", flush=True)
        repl.run_mounted(folder, modules, _print_bytes)


def _print_bytes(data: bytes) -> None:
    sys.stdout.write(data.decode(errors="replace").replace("\r", ""))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
