"""`k1 scenes`: the scenes of the show."""

import argparse
from typing import Any

from lightwave import packets
from lightwave_hub.cli.arguments import add_moment_options, moment, number_within
from lightwave_hub.cli.client import hub_of, item_path, print_json
from lightwave_hub.cli.objects import Objects, put
from lightwave_hub.errors import RequestError

EXAMPLES = """examples:
  k1 scenes                             list them
  k1 scenes save "Warm up" --fade 2000  keep what is played now
  k1 scenes play warm-up --quantise bar
  k1 scenes show warm-up > warm-up.json
  k1 scenes put warm-up.json
  k1 scenes delete warm-up
"""


def _row(scene: dict[str, Any]) -> tuple[str, ...]:
    target = scene.get("target") or {}
    played = [
        f"{name}: {look['effect']}" + (f" {look['palette']}" if look.get("palette") else "")
        for name, look in scene["channels"].items()
        if look
    ]
    where = next((f"{kind} {key}" for kind, key in target.items() if key), "all")
    missing = [f"missing: {' '.join(scene['missing'])}"] if scene["missing"] else []
    return scene["id"], scene["name"], f"{scene['fade_ms']} ms", where, ", ".join([*played, *missing])


_scenes = Objects("/api/scenes", "scene", ("ID", "NAME", "FADE", "ON", "LOOK"), _row, told=("missing",))


def configure(parser: argparse.ArgumentParser) -> None:
    _scenes.configure(parser)
    fade = number_within(0, packets.FADE_MS_MAX, int)
    play = _scenes.order("play", _play, "play a scene", takes_id=True)
    play.add_argument("--fade", type=fade, metavar="MS", help="instead of its own, 0..10000 ms")
    add_moment_options(play)
    save = _scenes.order("save", _save, "keep what is played now as a scene")
    save.add_argument("name", help="1 to 48 characters")
    save.add_argument("--id", help="default: made from the name; one that exists is replaced")
    save.add_argument("--fade", type=fade, default=0, metavar="MS", help="0..10000 ms, default %(default)s")


def run(args: argparse.Namespace) -> int:
    return int(args.run_order(args))


def _play(args: argparse.Namespace) -> int:
    hub = hub_of(args)
    body = {**({} if args.fade is None else {"fade_ms": args.fade}), **moment(args, hub)}
    answer = hub.post(f"{item_path('/api/scenes', args.id)}/play", body)
    if args.json:
        print_json(answer)
    else:
        print(f"scene {args.id}")
    return 0


def _save(args: argparse.Namespace) -> int:
    hub = hub_of(args)
    channels = {name: _look(name, channel) for name, channel in hub.get("/api/scene")["channels"].items()}
    scene = {"name": args.name, "fade_ms": args.fade, "channels": channels, **({"id": args.id} if args.id else {})}
    return _scenes.report(args, put(hub, "/api/scenes", scene))


def _look(name: str, channel: dict[str, Any]) -> dict[str, Any]:
    if channel["effect_name"] is None:
        raise RequestError("", f"channel {name} plays effect {channel['effect']}, of which no node has told the name")
    palette = {} if channel["palette_name"] is None else {"palette": channel["palette_name"]}
    return {"effect": channel["effect_name"], **palette, **channel["params"]}
