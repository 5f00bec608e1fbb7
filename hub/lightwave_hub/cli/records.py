"""`k1 records`: what the nodes' black boxes told."""

import argparse
import sys
import time
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from lightwave import black_box
from lightwave_hub.cli.arguments import number_within
from lightwave_hub.cli.client import HubClient, hub_of, print_json
from lightwave_hub.cli.settings import add_client_options
from lightwave_hub.cli.table import print_table

EXAMPLES = """examples:
  k1 records                                           what there is, by node and stream
  k1 records export 02:4B:31:00:00:01 metrics          the last day, as CSV
  k1 records export 02:4B:31:00:00:01 events --hours 720 --format json --out events.json
  k1 records export 02:4B:31:00:00:01 minutes --hours 8760
"""
MINUTES = "minutes"
HOURS = 24.0


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=("list", "export"), default="list")
    parser.add_argument("mac", nargs="?", help="of the node, for export")
    parser.add_argument(
        "stream", nargs="?", choices=(*black_box.STREAMS, MINUTES), default=black_box.METRICS, help="default metrics"
    )
    parser.add_argument("--hours", type=number_within(0.0, 1e6, float), default=HOURS, help="how far back, default 24")
    parser.add_argument("--format", choices=("csv", "json"), default="csv", help="default csv")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    add_client_options(parser)


def run(args: argparse.Namespace) -> int:
    hub = hub_of(args)
    if args.action == "list":
        return _list(hub, args.json)
    if args.mac is None:
        print("k1 records: export needs the node's MAC; `k1 records` lists them", file=sys.stderr)
        return 2
    since = time.time() - args.hours * 3600
    wanted = "json" if args.json else args.format
    path = f"/api/records/{quote(args.mac)}/{args.stream}?since={since:.0f}&limit=100000&format={wanted}"
    if wanted == "json" and args.out is None:
        print_json(hub.get(path))
        return 0
    text = hub.get_text(path)
    if args.out is None:
        sys.stdout.write(text)
    else:
        args.out.write_text(text, encoding="utf-8")
    return 0


def _list(hub: HubClient, as_json: bool) -> int:
    found = hub.get("/api/records")
    if as_json:
        print_json(found)
    elif found["streams"]:
        rows = [
            (it["mac"], it["stream"], str(it["records"]), str(it["gaps"]), _time(it["from"]), _time(it["to"]))
            for it in found["streams"]
        ]
        print_table(("MAC", "STREAM", "RECORDS", "GAPS", "FROM", "TO"), rows)
    else:
        print("No records yet. Nodes send what they note as soon as they are connected.")
    return 0


def _time(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")
