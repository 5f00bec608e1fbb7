"""`k1 cue`: cue lists, and stepping through them."""

import argparse
from typing import Any

from lightwave_hub.cli.client import hub_of, item_path, print_json
from lightwave_hub.cli.objects import Objects

EXAMPLES = """examples:
  k1 cue                     the lists, what is current and what waits
  k1 cue go opening          the next cue of a list
  k1 cue back opening
  k1 cue stop opening
  k1 cue put opening.json
"""


def _row(cues: dict[str, Any]) -> tuple[str, ...]:
    return cues["id"], cues["name"], str(len(cues["cues"])), _current(cues), _waiting(cues)


def _current(state: dict[str, Any]) -> str:
    """People count cues from 1."""
    return "-" if state["current"] is None else str(state["current"] + 1)


def _waiting(state: dict[str, Any]) -> str:
    waiting = state["waiting"]
    if waiting is None:
        return "-"
    return " ".join([str(waiting["cue"] + 1), waiting["trigger"], *([waiting["at"]] if waiting["at"] else [])])


_HEAD = ("ID", "NAME", "CUES", "CURRENT", "WAITS")
_cues = Objects("/api/cues", "cue list", _HEAD, _row, told=("current", "waiting"))


def configure(parser: argparse.ArgumentParser) -> None:
    _cues.configure(parser)
    for name, text in (
        ("go", "play the next cue of a list"),
        ("back", "play the cue before"),
        ("stop", "stop a list; what is played stays"),
    ):
        _cues.order(name, _step, text, takes_id=True).set_defaults(step=name)


def run(args: argparse.Namespace) -> int:
    return int(args.run_order(args))


def _step(args: argparse.Namespace) -> int:
    answer = hub_of(args).post(f"{item_path('/api/cues', args.id)}/{args.step}", {})
    if args.json:
        print_json(answer)
    else:
        print(f"cue {_current(answer)} of {args.id}, waiting: {_waiting(answer)}")
    return 0
