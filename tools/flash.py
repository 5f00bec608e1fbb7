#!/usr/bin/env python3
"""Makes nodes of ESP32-S3 boards: image, application, configuration, and the proof that each says hello to its hub.

examples:
  tools/flash.py --list                                             which boards are plugged in
  tools/flash.py --image ESP32_GENERIC_S3.bin --erase --ssid Stage --hub 192.168.4.1
  tools/flash.py --image build/k1_s3/firmware.bin --all             every board, side by side
  tools/flash.py --port /dev/ttyACM0                                the application alone, by MicroPython's REPL
  tools/flash.py --all --resume                                     what the last run left undone
  tools/flash.py --all --rollback 2.7.0 --ota DIR                   back to a release of the hub's folder, by USB

Run it with .venv/bin/python (`make setup`). Without --image the boards keep the MicroPython they have. What is right
already is left alone: image and files are compared before they are written. Passwords are never printed.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from _flash_board import Flasher, Job, Journal, Outcome
from _flash_chip import FAST_BAUD
from _flash_errors import FlashError
from _flash_file import APP, FlashFile, read, recognise
from _flash_ports import chosen, found
from _flash_provision import add_options, ask_password, given
from _flash_screen import Screen, table

from _build_common import BUILD
from lightwave.release import BOARDS
from lightwave_hub.ota.store import UpdateStore

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
        if options.dry_run:
            _show_plan(job, ports)
            return 0
        if job.erase:  # the node will have to be told everything
            ask_password(job.told)
        outcomes = _flash(ports, job, Journal(job, options.resume))
    except FlashError as error:
        print(f"flash: {error}", file=sys.stderr)
        return 2
    _summarise(outcomes)
    return int(any(outcome.failed for outcome in outcomes))


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(
        description=lines[0], epilog="\n".join(lines[2:]), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", action="append", help="a board's serial port; may be repeated")
    parser.add_argument("--all", action="store_true", help="every board that is plugged in, side by side")
    parser.add_argument("--list", action="store_true", help="show the boards' ports and end")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--image", type=Path, metavar="FILE", help="a .bin for ESP32-S3, or an archive of `k1 ota pack`")
    what.add_argument("--rollback", metavar="VERSION", help="a release that the hub keeps in --ota")
    parser.add_argument("--ota", type=Path, metavar="DIR", default=BUILD / "ota", help="the hub's folder of updates")
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
        return _release(options.ota, options.rollback, options.board)
    return read(options.image) if options.image else None


def _release(folder: Path, version: str, board: str | None) -> FlashFile:
    """The image that a hub signed as that version. Raises FlashError."""
    if not (folder / "ota.sqlite3").is_file():
        raise FlashError(f"{folder} is no hub's folder of updates", "Name it by --ota; `k1 hub --ota DIR` makes one")
    store = UpdateStore(folder)
    try:
        there = store.releases()
        fitting = [each for each in there if each.version == version and board in (None, each.board)]
        if not fitting:
            known = ", ".join(sorted({each.version for each in there})) or "none"
            raise FlashError(f"there is no release {version} in {folder}", f"There are: {known}")
        if len(fitting) > 1:
            raise FlashError(f"release {version} is there for several boards", "Say which by --board")
        path = store.image_path(fitting[0].sha256)
        return recognise(Path(f"release {version}"), path.read_bytes())
    except OSError as error:
        raise FlashError(f"release {version}: {error.strerror}", "Its image is gone: add it to the hub again") from None
    finally:
        store.close()


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
            print(f"  {number}. {step}")
    print("nothing was touched (--dry-run)")


def _flash(ports: list[str], job: Job, journal: Journal) -> list[Outcome]:
    with Screen(ports) as screen, ThreadPoolExecutor(min(AT_ONCE, len(ports))) as pool:
        flashers = [Flasher(port, job, journal, screen) for port in ports]
        return list(pool.map(Flasher.run, flashers))


def _summarise(outcomes: list[Outcome]) -> None:
    rows = [("PORT", "MAC", "TIME", "RESULT")]
    for outcome in outcomes:
        rows.append((outcome.port, outcome.mac or "-", f"{outcome.seconds:.1f} s", outcome.result))
    print(f"\n{table(rows)}")
    for outcome in outcomes:
        if outcome.failed:
            print(f"\n{outcome.port}: {outcome.result}.\n  {outcome.remedy}.", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
