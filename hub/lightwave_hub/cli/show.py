"""`k1 show`: the whole show as one file."""

import argparse
import json
import sys
from pathlib import Path

from lightwave_hub.cli.client import hub_of, print_json
from lightwave_hub.cli.objects import read_json
from lightwave_hub.cli.settings import add_client_options
from lightwave_hub.errors import RequestError

EXAMPLES = """examples:
  k1 show export friday.json    nodes' names, groups, scenes, cue lists, schedule
  k1 show export > friday.json
  k1 show import friday.json    all of it or, if anything is wrong with it, nothing
"""


def configure(parser: argparse.ArgumentParser) -> None:
    orders = parser.add_subparsers(metavar="order", required=True)
    for name, run_order, text in (
        ("export", _export, "write the show as JSON"),
        ("import", _import, "replace the show by one from JSON; `k1 undo` takes it back"),
    ):
        order = orders.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        order.add_argument("file", nargs="?" if name == "export" else None, default="-", help="a file, or -")
        add_client_options(order)
        order.set_defaults(run_order=run_order)


def run(args: argparse.Namespace) -> int:
    return int(args.run_order(args))


def _export(args: argparse.Namespace) -> int:
    show = hub_of(args).get("/api/show")
    if args.file == "-":
        print_json(show)
        return 0
    _write(Path(args.file), json.dumps(show, indent=2) + "\n")
    print(f"{args.file}: {_counted(show)}", file=sys.stderr)
    return 0


def _import(args: argparse.Namespace) -> int:
    show = read_json(args.file)
    answer = hub_of(args).put("/api/show", show)
    if args.json:
        print_json(answer)
    else:
        print(_counted(show))
    return 0


def _counted(show: object) -> str:
    """How much of what is in it."""
    lists = {name: value for name, value in show.items() if isinstance(value, list)} if isinstance(show, dict) else {}
    return ", ".join(f"{len(value)} {name}" for name, value in lists.items()) or "empty"


def _write(target: Path, text: str) -> None:
    """All of it or nothing: a full disk must not cost the show that was there. Raises RequestError."""
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RequestError("file", f"cannot write {target}: {error.strerror}") from None
