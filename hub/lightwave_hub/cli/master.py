"""`k1 master`: brightness of everything."""

import argparse

from lightwave_hub.cli.arguments import add_moment_options, moment, number_within
from lightwave_hub.cli.client import hub_of, print_json
from lightwave_hub.cli.settings import add_client_options

EXAMPLES = """examples:
  k1 master                       what it is
  k1 master 128                   half
  k1 master 0 --quantise beat     dark on the next beat
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("value", nargs="?", type=number_within(0, 255, int), help="0..255")
    add_moment_options(parser)
    add_client_options(parser)


def run(args: argparse.Namespace) -> int:
    hub, path = hub_of(args), "/api/global/brightness"
    answer = hub.get(path) if args.value is None else hub.post(path, {"value": args.value, **moment(args, hub)})
    if args.json:
        print_json(answer)
    else:
        print(f"master {answer['value']}")
    return 0
