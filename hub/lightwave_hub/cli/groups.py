"""`k1 groups`: nodes that are addressed together."""

import argparse
from typing import Any

from lightwave_hub.cli.client import hub_of
from lightwave_hub.cli.objects import Objects, put

EXAMPLES = """examples:
  k1 groups
  k1 groups set left "Left wall" 02:4B:31:00:00:01 02:4B:31:00:00:02
  k1 groups show left
  k1 groups delete left
"""


def _row(group: dict[str, Any]) -> tuple[str, ...]:
    return group["id"], group["name"], str(len(group["nodes"])), " ".join(group["nodes"])


_groups = Objects("/api/groups", "group", ("ID", "NAME", "NODES", "MAC"), _row)


def configure(parser: argparse.ArgumentParser) -> None:
    _groups.configure(parser)
    order = _groups.order("set", _set, "make or replace a group", takes_id=True)
    order.add_argument("name", help="1 to 48 characters")
    order.add_argument("nodes", nargs="*", metavar="MAC", help="MACs of its nodes")


def run(args: argparse.Namespace) -> int:
    return int(args.run_order(args))


def _set(args: argparse.Namespace) -> int:
    group = {"id": args.id, "name": args.name, "nodes": args.nodes}
    return _groups.report(args, put(hub_of(args), "/api/groups", group))
