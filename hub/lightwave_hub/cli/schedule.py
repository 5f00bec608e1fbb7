"""`k1 schedule`: what happens by itself, by weekday and time."""

import argparse
from typing import Any

from lightwave_hub.cli.client import hub_of, item_path
from lightwave_hub.cli.objects import Objects

EXAMPLES = """examples:
  k1 schedule
  k1 schedule put closing.json
  k1 schedule disable closing
  k1 schedule enable closing
"""


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    action = " ".join(f"{kind} {value}" for kind, value in entry["action"].items() if value is not None)
    when = f"{' '.join(entry['days'])} {entry['time']}"
    return entry["id"], entry["name"], "yes" if entry["enabled"] else "no", when, entry["next"] or "-", action


_HEAD = ("ID", "NAME", "ENABLED", "WHEN", "NEXT", "DOES")
_schedule = Objects("/api/schedule", "schedule entry", _HEAD, _row, told=("next",))


def configure(parser: argparse.ArgumentParser) -> None:
    _schedule.configure(parser)
    for name, text in (("enable", "let an entry happen again"), ("disable", "keep an entry from happening")):
        _schedule.order(name, _enable, text, takes_id=True).set_defaults(enabled=name == "enable")


def run(args: argparse.Namespace) -> int:
    return int(args.run_order(args))


def _enable(args: argparse.Namespace) -> int:
    hub = hub_of(args)
    entry = {**_schedule.get(hub, args.id), "enabled": args.enabled}
    return _schedule.report(args, hub.put(item_path("/api/schedule", args.id), entry))
