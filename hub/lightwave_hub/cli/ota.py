"""`k1 ota`: releases and rollouts."""

import argparse
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from lightwave import app_archive, release
from lightwave_hub.cli.arguments import number_within
from lightwave_hub.cli.client import HubClient, hub_of, item_path, print_json
from lightwave_hub.cli.settings import add_client_options
from lightwave_hub.cli.table import print_table
from lightwave_hub.errors import RequestError, UnreachableError

EXAMPLES = """examples:
  k1 ota key                                    what a node's config.json needs as update_key
  k1 ota add micropython.bin                    an image of ours; its version is its own
  k1 ota pack build/generic_s3/lib app.k1a      the application for boards on stock MicroPython
  k1 ota add app.k1a --version 2.8.0
  k1 ota push 2.8.0 --dev 02:4B:31:00:00:01 --soak 60
  k1 ota status
  k1 ota pause
  k1 ota rollback 2.7.0
"""
ASK_PERIOD_S = 0.5
HUB_AWAY_S = 60.0  # a hub that restarts carries the rollout on; so long it is waited for
BAR_WIDTH = 24
COLUMNS = ("NODE", "STAGE", "STATE", "PROGRESS", "DETAIL")
_OPEN = ("running", "paused")


def configure(parser: argparse.ArgumentParser) -> None:
    orders = parser.add_subparsers(metavar="order", required=True)
    _order(orders, "key", _key, "print the public key that nodes are provisioned with")
    _configure_add(_order(orders, "add", _add, "give the hub an image"))
    remove = _order(orders, "remove", _remove, "remove a release and its image from the hub")
    remove.add_argument("version")
    remove.add_argument("--board", choices=sorted(release.BOARDS), required=True)
    pack = _order(orders, "pack", _pack, "make an archive of a compiled application", asks_hub=False)
    pack.add_argument("folder", type=Path, help="with lightwave, lightwave_node and lightwave_hw in it")
    pack.add_argument("archive", type=Path)
    push = _order(orders, "push", _push, "bring a version to the nodes, one after another")
    push.add_argument("version")
    _configure_push(push)
    rollback = _order(orders, "rollback", _push, "bring the nodes back to a version, at once")
    rollback.add_argument("version")
    rollback.add_argument("--go-on", action="store_true", help="past nodes that fail")
    rollback.add_argument("--detach", action="store_true", help="do not wait for its end")
    for name, text in (
        ("pause", "begin no other node"),
        ("resume", "go on after a pause"),
        ("abort", "end the rollout; the node being updated ends its own"),
    ):
        _order(orders, name, _change, text)
    status = _order(orders, "status", _status, "show releases and the newest rollout")
    status.add_argument("--watch", action="store_true", help="until the rollout ends")
    status.add_argument("--log", action="store_true", help="show the audit log instead")


def _order(orders: Any, name: str, run: Any, text: str, asks_hub: bool = True) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = orders.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    if asks_hub:
        add_client_options(parser)
    parser.set_defaults(order=name, run_order=run)
    return parser


def _configure_add(add: argparse.ArgumentParser) -> None:
    add.add_argument("image", type=Path)
    add.add_argument("--version", default="", help="what nodes will call it; default: as a firmware image says")
    add.add_argument("--board", choices=sorted(release.BOARDS), help="default: the one that takes such an image")
    add.add_argument("--expires-days", type=number_within(1, 3650, int), default=365, metavar="N", help="default 365")


def _configure_push(push: argparse.ArgumentParser) -> None:
    push.add_argument("--dev", action="append", metavar="MAC", help="a node of the first stage; may be repeated")
    push.add_argument("--staging", action="append", metavar="MAC", help="a node of the second stage")
    push.add_argument(
        "--soak", type=number_within(0.0, 604800.0, float), metavar="S", help="seconds after a stage; default 600"
    )
    push.add_argument("--window", metavar="HH:MM-HH:MM", help="begin nodes only then, by the hub's clock")
    for name, default, text in (
        ("min-fps-pct", 95, "of the frames a node drew before"),
        ("max-late-pct", 1, "of its frames"),
        ("max-loss-pct", 2, "of the stream"),
    ):
        within = number_within(0.0, 100.0, float)
        push.add_argument(f"--{name}", type=within, metavar="PCT", help=f"gate: {text}; default {default}")
    push.add_argument("--during-show", action="store_true", help="do not wait while a beat or a cue list runs")
    push.add_argument("--go-on", action="store_true", help="past nodes that fail")
    push.add_argument("--detach", action="store_true", help="do not wait for its end")


def run(args: argparse.Namespace) -> int:
    return int(args.run_order(args))


def _key(args: argparse.Namespace) -> int:
    key = hub_of(args).get("/api/ota")["public_key"]
    if args.json:
        print_json({"public_key": key})
    else:
        print(key)
    return 0


def _remove(args: argparse.Namespace) -> int:
    hub_of(args).delete(item_path(f"/api/ota/images/{args.board}", args.version))
    if args.json:
        print_json({"removed": args.version, "board": args.board})
    return 0


def _pack(args: argparse.Namespace) -> int:
    files = [path for path in sorted(args.folder.rglob("*")) if path.suffix in (".mpy", ".py")]
    named = [(path.relative_to(args.folder).as_posix(), path.read_bytes()) for path in files]
    if not any(name in app_archive.ENTRY for name, _ in named):
        raise RequestError("folder", f"{args.folder} has no {app_archive.ENTRY[0]}; see tools/build.py")
    archive = app_archive.pack(named)
    args.archive.write_bytes(archive)
    print(f"{args.archive}: {len(files)} files, {len(archive)} bytes")
    return 0


def _add(args: argparse.Namespace) -> int:
    try:
        data = args.image.read_bytes()
    except OSError as error:
        raise RequestError("image", f"cannot read {args.image}: {error.strerror}") from None
    kind = release.APP if data.startswith(app_archive.MAGIC) else release.FIRMWARE
    board = args.board or next(name for name, takes in release.BOARDS.items() if takes == kind)
    query = urlencode({"version": args.version, "board": board, "expires_days": args.expires_days})
    answer = hub_of(args).upload(f"/api/ota/images?{query}", data)
    if args.json:
        print_json(answer)
    else:
        print(f"{answer['version']} for {answer['board']}: {answer['size']} bytes, {answer['sha256'][:16]}...")
    return 0


def _push(args: argparse.Namespace) -> int:
    body: dict[str, Any] = {"version": args.version, "go_on": args.go_on}
    for name in ("dev", "staging", "soak", "window", "min_fps_pct", "max_late_pct", "max_loss_pct"):
        if getattr(args, name, None) is not None:
            body["soak_s" if name == "soak" else name] = getattr(args, name)
    if getattr(args, "during_show", False):
        body["during_show"] = True
    hub = hub_of(args)
    begun = hub.post(f"/api/ota/{args.order}", body)
    if not args.detach:
        return _watch(hub, args.json)
    if args.json:
        print_json(begun)
    return 0


def _change(args: argparse.Namespace) -> int:
    answer = hub_of(args).post(f"/api/ota/{args.order}", {})
    if args.json:
        print_json(answer)
    else:
        print(headline(answer["rollout"]))
    return 0


def _status(args: argparse.Namespace) -> int:
    hub = hub_of(args)
    if args.log:
        return _show_log(hub, args.json)
    if args.watch:
        return _watch(hub, args.json)
    answer = hub.get("/api/ota")
    if args.json:
        print_json(answer)
        return 0
    if answer["releases"]:
        names = ("version", "board", "kind", "size", "counter")
        rows = [tuple(str(each[name]) for name in names) for each in answer["releases"]]
        print_table(tuple(name.upper() for name in names), rows)
    else:
        print("No releases. `k1 ota add IMAGE` gives the hub one.")
    if answer["rollout"]:
        print("\n" + "\n".join(lines_of(answer["rollout"])))
    return 0


def _show_log(hub: HubClient, as_json: bool) -> int:
    lines = hub.get("/api/ota/audit")["audit"]
    if as_json:
        print_json(lines)
        return 0
    for line in lines:
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(line["unix_s"]))
        print(" ".join(part for part in (moment, line["what"], line["mac"], line["detail"]) if part))
    return 0


def _watch(hub: HubClient, as_json: bool) -> int:
    """Show the rollout until it ends, as JSON only its end; 0 when it was done."""
    shown: list[str] = []
    live = sys.stdout.isatty()
    rollout = hub.get("/api/ota")["rollout"]
    while rollout is not None:
        over = rollout["state"] not in _OPEN
        if not as_json:
            shown = _show_progress(lines_of(rollout), shown, live, over)
        elif over:
            print_json({"rollout": rollout})
        if over:
            return 0 if rollout["state"] == "done" else 1
        time.sleep(ASK_PERIOD_S)
        rollout = _ask_patiently(hub)
    if as_json:
        print_json({"rollout": None})
    else:
        print("No rollout.")
    return 0


def _show_progress(lines: list[str], shown: list[str], live: bool, over: bool) -> list[str]:
    """On a terminal the lines over those shown before; elsewhere each new headline, and all at the end."""
    if lines == shown or not (live or over or lines[0] != (shown or [""])[0]):
        return shown
    if live and shown:
        print(f"\x1b[{len(shown)}A\x1b[J", end="")
    print("\n".join(lines if live or over else lines[:1]), flush=True)
    return lines


def _ask_patiently(hub: HubClient) -> Any:
    """The rollout, also of a hub that is just restarting."""
    since = time.monotonic()
    while True:
        try:
            return hub.get("/api/ota")["rollout"]
        except UnreachableError:
            if time.monotonic() - since > HUB_AWAY_S:
                raise
        time.sleep(ASK_PERIOD_S)


def headline(rollout: dict[str, Any]) -> str:
    why = f": {rollout['why']}" if rollout["why"] else ""
    return f"{rollout['kind']} {rollout['number']} to {rollout['version']} is {rollout['state']}{why}"


def lines_of(rollout: dict[str, Any]) -> list[str]:
    """The headline, then a line for each node."""
    rows = [
        (m["mac"], m["stage"], m["state"], bar(m), m["detail"] or m["ota"].get("state", "")) for m in rollout["members"]
    ]
    widths = [max(len(cell) for cell in column) for column in zip(COLUMNS, *rows, strict=True)]
    cells = (" ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return [headline(rollout), *cells]


def bar(member: dict[str, Any]) -> str:
    pct = {"done": 100, "skipped": 100, "waiting": 0}.get(member["state"], member["ota"].get("pct", 0))
    full = BAR_WIDTH * pct // 100
    return f"[{'#' * full}{'.' * (BAR_WIDTH - full)}] {pct:3d} %"
