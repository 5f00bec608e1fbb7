"""`k1 tempo`: the beat."""

import argparse

from lightwave_hub.cli.arguments import number_within
from lightwave_hub.cli.client import HubClient, add_client_options, print_json

EXAMPLES = """examples:
  k1 tempo               what it is
  k1 tempo 127.5
  k1 tempo --downbeat    now is the first beat of a bar
  k1 tempo 0             no beat
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "bpm", nargs="?", type=number_within(0.0, 300.0, float), help="beats per minute, 20..300, or 0 for no beat"
    )
    parser.add_argument("--downbeat", action="store_true", help="the beat nearest to now is the first of its bar")
    add_client_options(parser)


def run(args: argparse.Namespace) -> int:
    hub = HubClient(args.url)
    wishes = {**({} if args.bpm is None else {"bpm": args.bpm}), **({"downbeat": True} if args.downbeat else {})}
    answer = hub.post("/api/tempo", wishes) if wishes else hub.get("/api/tempo")
    if args.json:
        print_json(answer)
    else:
        print(f"{answer['bpm']:g} BPM" if answer["bpm"] else "no beat")
    return 0
