"""`k1 scene`: what the nodes play."""

import argparse
from typing import Any

from lightwave import packets
from lightwave_hub.cli.arguments import add_moment_options, moment, number_within
from lightwave_hub.cli.client import hub_of, print_json
from lightwave_hub.cli.settings import add_client_options
from lightwave_hub.cli.table import print_table

_NUMBERS = ("brightness", "speed", "intensity", "hue", "saturation", "blur")
EXAMPLES = """examples:
  k1 scene                                   what is played now, and what there is
  k1 scene pulse --palette ocean             an effect on both channels
  k1 scene 2 --channels b --fade 500         effect number 2 on channel B, in half a second
  k1 scene --speed 200 --channels a          change a parameter; the effect runs on
  k1 scene fire --quantise bar               at the next bar, exactly
  k1 scene fire --at 1.5                     a second and a half from now
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("effect", nargs="?", help="name or number of an effect")
    parser.add_argument("--palette", help="name or number of a palette")
    parser.add_argument("--channels", choices=("a", "b", "ab"), default="ab", help="default %(default)s")
    parser.add_argument(
        "--fade", type=number_within(0, packets.FADE_MS_MAX, int), metavar="MS", help="cross-fade, 0..10000 ms"
    )
    for name in _NUMBERS:
        parser.add_argument(f"--{name}", type=number_within(0, 255, int), metavar="0..255")
    for name in ("enabled", "mirror"):
        parser.add_argument(f"--{name}", action=argparse.BooleanOptionalAction)
    add_moment_options(parser)
    add_client_options(parser)


def run(args: argparse.Namespace) -> int:
    hub = hub_of(args)
    body = _body(args)
    if not body and args.at is None and args.quantise is None:
        scene = hub.get("/api/scene")
        names = hub.get("/api/catalog")
    else:
        scene = hub.post("/api/scene", {**body, "channels": args.channels, **moment(args, hub)})
        names = None
    if args.json:
        print_json(scene if names is None else {**scene, "catalog": names})
        return 0
    _print_scene(scene)
    if names is not None:
        print(f"effects:  {', '.join(names['effects']) or 'no node has told any yet'}")
        print(f"palettes: {', '.join(names['palettes']) or 'no node has told any yet'}")
    return 0


def _body(args: argparse.Namespace) -> dict[str, Any]:
    params = {name: getattr(args, name) for name in (*_NUMBERS, "enabled", "mirror")}
    params = {name: value for name, value in params.items() if value is not None}
    body: dict[str, Any] = {"params": params} if params else {}
    for name in ("effect", "palette"):
        text = getattr(args, name)
        if text is not None:
            body[name] = int(text) if text.isdecimal() else text
    if body and args.fade is not None:
        body["fade_ms"] = args.fade
    return body


def _print_scene(scene: dict[str, Any]) -> None:
    rows = []
    for name, channel in scene["channels"].items():
        effect = channel["effect_name"] or f"#{channel['effect']}"
        palette = channel["palette_name"] or f"#{channel['palette']}"
        rows.append((name, effect, palette, *(str(channel["params"][number]) for number in _NUMBERS)))
    print_table(("CHANNEL", "EFFECT", "PALETTE", *(number.upper() for number in _NUMBERS)), rows)
    print(f"master {scene['master']}{', blackout' if scene['blackout'] else ''}")
