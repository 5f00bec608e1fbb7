#!/usr/bin/env python3
"""Makes this laptop the nodes' access point, with the hub's address 192.168.4.1, and undoes that completely.

examples:
  tools/access_point.py up --ssid Stage --country DE --dry-run    what it would do; nothing is touched
  sudo .venv/bin/python tools/access_point.py up --ssid Stage --country DE
  sudo .venv/bin/python tools/access_point.py down

`up` shows each step and what undoes it, then asks. NetworkManager does the work where it runs, hostapd and dnsmasq
elsewhere. Nodes get addresses 192.168.4.2 to .50 (by NetworkManager: of its own choice). The password is asked for, or
comes from --password-file or $K1_WIFI_PASSWORD; it is never shown. The radio must have 2.4 GHz: ESP32-S3 boards hear
nothing else.
exit code: 0 done, 1 it did not work and all was undone, 2 it cannot be
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path

import _access_point_plan as plan
from _access_point_steps import AccessPointError, Step, Steps

FOLDER = Path("/run/k1-access-point")
PASSWORD_VARIABLE = "K1_WIFI_PASSWORD"
ADDRESS = "192.168.4.1"


def main(arguments: list[str] | None = None) -> int:
    options = _parsed(arguments)
    done = Steps(options.folder)
    try:
        if options.what == "down":
            return _down(done)
        if done.are_done():
            raise AccessPointError("the access point is there already", "End it first: tools/access_point.py down")
        wanted = _wanted(options)
        planned = _planned(wanted)
        _show(planned)
        if options.dry_run:
            print("nothing was touched (--dry-run)")
            return 0
        plan.check_rights()
        if not (options.yes or _agreed()):
            print("nothing was touched")
            return 0
    except AccessPointError as error:
        print(f"access_point: {error}", file=sys.stderr)
        return 2
    try:
        done.do(planned)
    except AccessPointError as error:
        print(f"access_point: {error}", file=sys.stderr)
        return 1
    print(f"{wanted.ssid} is on the air; the hub is {wanted.address}. `k1 doctor` checks it, `k1 hub` is next")
    return 0


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(
        description=lines[0], epilog="\n".join(lines[2:]), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help=f"notes for undoing; default {FOLDER}")
    orders = parser.add_subparsers(dest="what", required=True)
    orders.add_parser("down", help="undo everything that `up` did")
    up = orders.add_parser("up", help="show what is to be done, ask, do it")
    up.add_argument("--ssid", default="LightwaveOS", help="its name; default LightwaveOS")
    up.add_argument("--password-file", type=Path, metavar="FILE", help=f"else ${PASSWORD_VARIABLE}, else asked for")
    up.add_argument("--interface", default="", help="which radio; default the only one")
    up.add_argument("--country", type=str.upper, default="", help="two letters; default as it is set")
    up.add_argument("--channel", type=int, default=6, help="1 to 13; default 6")
    up.add_argument("--address", default=ADDRESS, help=f"of the hub; default {ADDRESS}")
    up.add_argument("--backend", choices=("auto", "networkmanager", "hostapd"), default="auto")
    up.add_argument("--dry-run", action="store_true", help="show the steps and end")
    up.add_argument("--yes", action="store_true", help="do not ask")
    return parser.parse_args(arguments)


def _wanted(options: argparse.Namespace) -> plan.Wanted:
    wanted = plan.Wanted(
        options.ssid, _password(options), options.interface, options.country, options.channel, options.address,
        options.backend, options.folder,
    )  # fmt: skip
    plan.check_words(wanted)
    return wanted


def _password(options: argparse.Namespace) -> str:
    if options.password_file is not None:
        try:
            return str(options.password_file.read_text().rstrip("\r\n"))
        except OSError as error:
            raise AccessPointError(f"{options.password_file}: {error.strerror}", "Name the file with it") from None
    if PASSWORD_VARIABLE in os.environ:
        return os.environ[PASSWORD_VARIABLE]
    if options.dry_run:
        return "not-asked-for"
    if not sys.stdin.isatty():
        raise AccessPointError("no password was given", f"Give --password-file or ${PASSWORD_VARIABLE}")
    return getpass.getpass(f"Password of {options.ssid} (8 to 63 characters): ")


def _planned(wanted: plan.Wanted) -> list[Step]:
    which = plan.chosen_radio(wanted.interface)
    country = plan.check_radio(which, wanted)
    plan.check_address(wanted, which.interface)
    return plan.steps(wanted, which, country, plan.chosen_backend(wanted))


def _show(planned: list[Step]) -> None:
    for number, step in enumerate(planned, 1):
        first, *others = step.lines()
        print(f"{number}. {first}", *(f"   {line}" for line in others), sep="\n")


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise AccessPointError("nobody is there to ask", "Give --yes, or --dry-run to look only")
    return input("Do all this? [y/N] ").strip().lower() in ("y", "yes")


def _down(done: Steps) -> int:
    if not done.are_done():
        print("there is nothing to undo")
        return 0
    plan.check_rights()
    troubles: list[str] = []
    done.undo(troubles.append)
    for trouble in troubles:
        print(f"access_point: {trouble}", file=sys.stderr)
    print("the access point is gone; this machine is as before" if not troubles else "the rest was undone")
    return int(bool(troubles))


if __name__ == "__main__":
    sys.exit(main())
