"""`k1 doctor`: is this machine fit to run a hub?"""

import argparse
import sys
from pathlib import Path

from lightwave_hub import config
from lightwave_hub.cli.check import FAILURE, OK, Check
from lightwave_hub.cli.checks import all_checks
from lightwave_hub.cli.client import print_json
from lightwave_hub.cli.settings import add_client_options

EXAMPLES = """examples:
  k1 doctor                      as `k1 hub` without options would run
  k1 doctor --config hub.toml
  k1 doctor --json
exit code 1: at least one check failed
"""
_SIGNS = {OK: "ok     ", FAILURE: "FAILURE"}
_COLOURS = {OK: "32", FAILURE: "31"}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="the hub's TOML file")
    add_client_options(parser)


def run(args: argparse.Namespace) -> int:
    checks = all_checks(config.load(args.config), args)
    if args.json:
        print_json({"checks": [check._asdict() for check in checks]})
    else:
        for check in checks:
            _print(check)
    return 1 if any(check.result == FAILURE for check in checks) else 0


def _print(check: Check) -> None:
    sign = _SIGNS.get(check.result, "warning")
    if sys.stdout.isatty():
        sign = f"\x1b[{_COLOURS.get(check.result, '33')}m{sign}\x1b[0m"
    print(f"{sign}  {check.name}: {check.found}")
    if check.next_step:
        print(f"         {check.next_step}")
