"""Commands that are on or off."""

import argparse

from lightwave_hub.cli.arguments import add_moment_options, moment
from lightwave_hub.cli.client import hub_of, print_json
from lightwave_hub.cli.settings import add_client_options

ON = {"on": True, "off": False}


def words(on: bool) -> str:
    return "on" if on else "off"


def configure_blackout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("state", nargs="?", choices=tuple(ON), help="default: show it")
    add_moment_options(parser)
    add_client_options(parser)


def run_blackout(args: argparse.Namespace) -> int:
    hub, path = hub_of(args), "/api/global/blackout"
    if args.state is None:
        answer = hub.get(path)
    else:
        answer = hub.post(path, {"on": ON[args.state], **moment(args, hub)})
    if args.json:
        print_json(answer)
    else:
        print(f"blackout {words(answer['on'])}")
    return 0


def configure_panic(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("state", nargs="?", choices=tuple(ON), default="on", help="default %(default)s")
    add_client_options(parser)


def run_panic(args: argparse.Namespace) -> int:
    answer = hub_of(args).post("/api/panic", {"on": ON[args.state]})
    if args.json:
        print_json(answer)
    else:
        print(f"panic {words(answer['on'])}")
    return 0
