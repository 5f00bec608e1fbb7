"""`k1 watch`: hub, tempo and nodes, again and again."""

import argparse
import json
import sys
import time
from typing import Any

from lightwave_hub.cli import nodes
from lightwave_hub.cli.arguments import number_within
from lightwave_hub.cli.client import HubClient, hub_of
from lightwave_hub.cli.settings import add_client_options
from lightwave_hub.cli.table import format_table
from lightwave_hub.cli.tempo import in_words
from lightwave_hub.errors import UnreachableError

EXAMPLES = """examples:
  k1 watch                          until Ctrl-C
  k1 watch --every 0.5
  k1 watch --count 10 --json        ten lines of JSON, a second apart
"""
_HOME = "\x1b[H\x1b[J"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--every", type=number_within(0.1, 3600.0, float), default=1.0, metavar="S", help="seconds, default %(default)s"
    )
    parser.add_argument(
        "--count", type=number_within(1, 1_000_000, int), metavar="N", help="how often; default for ever"
    )
    add_client_options(parser)


def run(args: argparse.Namespace) -> int:
    hub = hub_of(args)
    left = args.count
    while True:
        is_there = _show(hub, args.json)
        if left is not None:
            left -= 1
            if left == 0:
                return 0 if is_there else 1
        time.sleep(args.every)


def _show(hub: HubClient, as_json: bool) -> bool:
    """A hub that is away is waited for, and said to be."""
    try:
        now = {name: hub.get(path) for name, path in (("metrics", "/metrics"), ("tempo", "/api/tempo"))}
        now |= hub.get("/api/nodes")
    except UnreachableError as error:
        print(f"k1: {error}", file=sys.stderr, flush=True)
        return False
    if as_json:
        print(json.dumps(now), flush=True)
    else:
        text = "\n".join(lines_of(now))
        print(f"{_HOME}{text}" if sys.stdout.isatty() else text, flush=True)
    return True


def lines_of(now: dict[str, Any]) -> list[str]:
    """Tempo and ticks, then a line for each node."""
    counts, udp = now["metrics"]["nodes"], now["metrics"]["udp"]
    late = udp["lateness_us"]["p99"]
    states = ", ".join(f"{counts[name]} {name}" for name in ("ready", "authed", "degraded", "lost") if counts[name])
    head = [
        in_words(now["tempo"]),
        f"{udp['tick_hz']:g} ticks/s" + ("" if late is None else f", 99 % less than {late / 1000:.2f} ms late"),
        f"nodes: {states or 'none'}",
    ]
    if not now["nodes"]:
        return [" | ".join(head)]
    return [" | ".join(head), "", *format_table(nodes.COLUMNS, [nodes.row(node) for node in now["nodes"]])]
