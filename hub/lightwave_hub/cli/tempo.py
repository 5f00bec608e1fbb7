"""`k1 tempo`: the beat, and who leads it."""

import argparse
import sys
from typing import Any

from lightwave_hub.cli.arguments import number_within
from lightwave_hub.cli.client import HubClient, hub_of, print_json
from lightwave_hub.cli.settings import add_client_options
from lightwave_hub.cli.table import print_table
from lightwave_hub.tempo.limits import MAX_NUDGE_MS, MAX_NUDGE_PCT

EXAMPLES = """examples:
  k1 tempo                      what it is, and who leads it
  k1 tempo 127.5
  k1 tempo 0                    no beat
  k1 tempo --tap                tap it: Enter on each beat, Ctrl-D when it is right
  k1 tempo --downbeat           now is the first beat of a bar
  k1 tempo --nudge-ms -20       the beat comes 20 ms later
  k1 tempo --nudge-pct 1        and is 1 % faster
  k1 tempo --sources            who could lead
  k1 tempo --source link        Ableton Link does; else midi, node:02:4B:31:00:00:01, manual
"""
_ORDERS = ("bpm", "source", "nudge_ms", "nudge_pct", "downbeat")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "bpm", nargs="?", type=number_within(0.0, 300.0, float), help="beats per minute, 20..300, or 0 for no beat"
    )
    parser.add_argument("--downbeat", action="store_true", help="the beat nearest to now is the first of its bar")
    parser.add_argument("--tap", action="store_true", help="each line of the input is a tap")
    parser.add_argument(
        "--nudge-ms",
        type=number_within(float(-MAX_NUDGE_MS), MAX_NUDGE_MS, float),
        metavar="MS",
        help="the beat comes so much earlier, or later when less than 0",
    )
    parser.add_argument(
        "--nudge-pct",
        type=number_within(float(-MAX_NUDGE_PCT), MAX_NUDGE_PCT, float),
        metavar="PERCENT",
        help="so much faster, or slower when less than 0",
    )
    parser.add_argument("--source", metavar="NAME", help="who leads: manual, link, midi, or node:MAC")
    parser.add_argument("--sources", action="store_true", help="list who could")
    add_client_options(parser)


def run(args: argparse.Namespace) -> int:
    hub = hub_of(args)
    wishes = {name: getattr(args, name) for name in _ORDERS}
    wishes = {name: value for name, value in wishes.items() if value is not None and value is not False}
    answer = hub.post("/api/tempo", wishes) if wishes else None
    if args.tap:
        answer = _tap(hub, args.json)
    if answer is None:
        answer = hub.get("/api/tempo")
    if args.json:
        print_json(answer)
    elif args.sources:
        rows = [(each["id"], each["name"], each["detail"] or "yes") for each in answer["sources"]]
        print_table(("SOURCE", "WHAT", "AVAILABLE"), rows)
    else:
        print(in_words(answer))
    return 0


def in_words(tempo: dict[str, Any]) -> str:
    """One line: what it is and who leads it."""
    beat = f"{tempo['bpm']:g} BPM" if tempo["bpm"] else "no beat"
    if tempo["source"] == "manual":
        return beat
    why = f" ({tempo['detail']})" if tempo["detail"] else ""
    return f"{beat}, {tempo['source']} {tempo['state']}, {tempo['confidence']} %{why}"


def _tap(hub: HubClient, quiet: bool) -> Any:
    answer = None
    for _ in sys.stdin:
        answer = hub.post("/api/tempo", {"tap": True})
        if not quiet:
            print(f"{answer['taps']:2}  {in_words(answer)}", flush=True)
    return answer
