"""`k1 undo`: take back the newest edit of the show."""

import argparse

from lightwave_hub.cli.client import hub_of, print_json
from lightwave_hub.cli.settings import add_client_options

EXAMPLES = """examples:
  k1 undo           the newest of the last 50 edits
  k1 undo --redo    make it again
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--redo", action="store_true", help="make the edit again that was undone last")
    add_client_options(parser)


def run(args: argparse.Namespace) -> int:
    verb = "redo" if args.redo else "undo"
    answer = hub_of(args).post(f"/api/{verb}", {})
    if args.json:
        print_json(answer)
    else:
        print(f"{verb}: {answer['what']}")
    return 0
