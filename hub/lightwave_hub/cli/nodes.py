"""`k1 nodes`: the table of nodes."""

import argparse
from typing import Any

from lightwave_hub.cli.client import hub_of, print_json
from lightwave_hub.cli.settings import add_client_options
from lightwave_hub.cli.table import print_table

EXAMPLES = """examples:
  k1 nodes
  k1 nodes --json --url http://192.168.4.1
"""
COLUMNS = ("ID", "MAC", "ADDRESS", "STATE", "CLOCK", "ERROR US", "LOSS %", "DRIFT US", "FPS", "FIRMWARE", "WHY")


def configure(parser: argparse.ArgumentParser) -> None:
    add_client_options(parser)


def run(args: argparse.Namespace) -> int:
    answer = hub_of(args).get("/api/nodes")
    if args.json:
        print_json(answer)
    elif answer["nodes"]:
        print_table(COLUMNS, [row(node) for node in answer["nodes"]])
    else:
        print("No nodes. A node appears here as soon as it joins the hub's network.")
    return 0


def row(node: dict[str, Any]) -> tuple[str, ...]:
    """One node of /api/nodes as cells of COLUMNS."""
    fps = "/".join(f"{value:g}" for value in node["render_fps"])
    return (
        str(node["id"]),
        node["mac"],
        node["ip"],
        node["state"],
        node["clock"] or ("locked" if node["locked"] else "unlocked"),
        f"<{node['clock_bound_us']}" if node["locked"] and node["clock_bound_us"] is not None else "-",
        f"{node['loss_pct']:.1f}",
        str(node["drift_us"]),
        fps or "-",
        node["fw"],
        node["reason"],
    )
