#!/usr/bin/env python3
"""Makes nodes of ESP32-S3 boards: image, application, configuration, first hello.

examples:
  tools/flash.py --list                      which boards are plugged in
  tools/flash.py --image ESP32_GENERIC_S3.bin --erase --ssid Stage
                                             a node of an empty board
  tools/flash.py --image build/k1_s3/firmware.bin --all
                                             every board, side by side
  tools/flash.py --port /dev/ttyACM0         the application alone, by the REPL
  tools/flash.py --all --resume              what the last run left undone
  tools/flash.py --all --rollback 2.7.0      back to a release, by USB
  tools/flash.py --all --rollback 2.7.0 --ota RELEASES --no-hello
                                             the same for a fleet without a hub

Without --image the boards keep the MicroPython they have. What is right
already is left alone: image and files are compared before they are written.
Passwords and keys are never printed.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import _venv  # noqa: F401 - it changes to the Python that has the rest
from _flash_board import Flasher, Job, Journal, Outcome
from _flash_chip import FAST_BAUD
from _flash_errors import FlashError
from _flash_file import APP, FlashFile, read
from _flash_ports import chosen, found
from _flash_provision import add_options, complete, given
from _flash_release import default_folder, release
from _flash_screen import WIDEST, Screen, table

from lightwave.release import BOARDS

AT_ONCE = 8


def main(arguments: list[str] | None = None) -> int:
    options = _parsed(arguments)
    if options.list:
        _list()
        return 0
    try:
        file = _file(options)
        job = _job(options, file)
        ports = chosen(options.port or [], options.all)
        if job.erase:
            complete(job.told, ask=not options.dry_run)
        if options.dry_run:
            _show_plan(job, ports)
            return 0
        outcomes = _flash(ports, job, Journal(job, options.resume))
    except FlashError as error:
        print(_wrapped(f"flash: {error}"), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    _summarise(outcomes)
    return int(any(outcome.failed for outcome in outcomes))


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(
        description=lines[0], epilog="\n".join(lines[2:]), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", action="append", metavar="TTY", help="a board's serial port; may be repeated")
    parser.add_argument("--all", action="store_true", help="every board that is plugged in, side by side")
    parser.add_argument("--list", action="store_true", help="show the boards' ports and end")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--image", type=Path, metavar="FILE", help="a .bin for ESP32-S3, or an archive of `k1 ota pack`")
    what.add_argument("--rollback", metavar="VERSION", help="an older release, kept in --ota")
    parser.add_argument(
        "--ota",
        type=Path,
        metavar="DIR",
        default=default_folder(),
        help="where releases are: a hub's folder, by default this user's, or one of files VERSION.bin, VERSION.k1a",
    )
    parser.add_argument("--board", choices=sorted(BOARDS), help="whose release, when VERSION is there for several")
    parser.add_argument("--erase", action="store_true", help="erase the whole flash first: files and configuration too")
    parser.add_argument("--resume", action="store_true", help="go on with the last run: leave out what it has done")
    parser.add_argument("--dry-run", action="store_true", help="check everything but the boards, and show the plan")
    parser.add_argument("--no-hello", action="store_true", help="be content with a node that starts: no hub is running")
    parser.add_argument("--no-psram", action="store_true", help="the chip need not have any in its package")
    parser.add_argument("--timeout", type=float, default=45, metavar="S", help="for start and hello; default 45")
    parser.add_argument("--baud", type=int, default=FAST_BAUD, help=f"of adapters; default {FAST_BAUD}")
    parser.add_argument("--no-stub", action="store_true", help="write by the ROM's own loader: slow, but always there")
    add_options(parser)
    options = parser.parse_args(arguments)
    if options.erase and options.image is None:
        parser.error("--erase leaves nothing to run: give an --image too")
    return options


def _list() -> None:
    ports = found()
    rows = [("PORT", "WHAT", "SERIAL NUMBER"), *((port.device, port.what, port.serial_number) for port in ports)]
    print(table(rows) if ports else "no board is plugged in")


def _file(options: argparse.Namespace) -> FlashFile | None:
    if options.rollback:
        return release(options.ota, options.rollback, options.board)
    return read(options.image) if options.image else None


def _job(options: argparse.Namespace, file: FlashFile | None) -> Job:
    if options.erase and file is not None and file.kind == APP:
        raise FlashError("an archive of the application needs MicroPython below it", "Leave out --erase")
    return Job(
        file=file,
        erase=options.erase,
        told=given(options),
        want_hello=not options.no_hello,
        timeout_s=options.timeout,
        baud=options.baud,
        stub=not options.no_stub,
        without_psram=options.no_psram,
    )


def _show_plan(job: Job, ports: list[str]) -> None:
    for port in ports:
        print(f"{port}:")
        for number, step in enumerate(job.plan(), 1):
            print(textwrap.fill(step, WIDEST, initial_indent=f"  {number}. ", subsequent_indent="     "))
    print("nothing was touched (--dry-run)")


def _flash(ports: list[str], job: Job, journal: Journal) -> list[Outcome]:
    stop = threading.Event()
    with Screen(ports) as screen, ThreadPoolExecutor(min(AT_ONCE, len(ports))) as pool:
        running = [pool.submit(Flasher(port, job, journal, screen, stop).run) for port in ports]
        try:
            wait(running)
        except KeyboardInterrupt:
            stop.set()
            wait(running)
        return [each.result() for each in running]


def _summarise(outcomes: list[Outcome]) -> None:
    rows = [("PORT", "MAC", "FLASH+PSRAM", "VERSION", "TIME", "RESULT")]
    for each in outcomes:
        result = "FAILED" if each.failed else each.result
        facts = (each.mac or "-", each.memory or "-", each.version or "-")
        rows.append((each.port, *facts, f"{each.seconds:.0f} s", result))
    print(f"\n{table(rows)}", flush=True)
    for each in outcomes:
        if each.failed:
            print(_wrapped(f"\n{each.port}: {each.result}.", f"  {each.remedy}."), file=sys.stderr)


def _wrapped(*lines: str) -> str:
    return "\n".join(
        textwrap.fill(line, WIDEST, subsequent_indent="  ", replace_whitespace=False, break_on_hyphens=False)
        for line in lines
    )


if __name__ == "__main__":
    sys.exit(main())
