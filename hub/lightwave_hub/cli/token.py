"""`k1 token`: who may look, play, and change the show."""

import argparse
import secrets
import time
from pathlib import Path
from typing import Any

from lightwave import join
from lightwave_hub.access.tokens import ROLES, Tokens
from lightwave_hub.cli.client import hub_of, item_path, print_json
from lightwave_hub.cli.settings import add_client_options, store_folder
from lightwave_hub.cli.table import print_table

EXAMPLES = """examples:
  k1 token                                 who has one
  k1 token add "Light desk" --role play    prints the link, once
  k1 token revoke 3f9a01c2
  k1 token new --store /var/lib/k1         on the hub's machine, when every token is lost
  k1 token join-key                        a new secret for [access] join_key and the nodes
"""
_COLLECTION = "/api/tokens"
_HEAD = ("ID", "NAME", "ROLE", "MADE")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run_order=_list)
    add_client_options(parser)
    orders = parser.add_subparsers(metavar="order", title="orders", description="Without one: list.")
    _order(orders, "list", _list, "show who has a token")
    add = _order(orders, "add", _add, "make a token")
    add.add_argument("name", help="whose it is, 1 to 48 characters")
    add.add_argument("--role", choices=ROLES, default="play", help="default play")
    revoke = _order(orders, "revoke", _revoke, "take a token back")
    revoke.add_argument("id", help="as in the list")
    new = _order(orders, "new", _new, "make a token in the hub's own folder, without asking it")
    new.add_argument("--store", type=Path, metavar="FOLDER", help="what `k1 hub --store` was given; default per user")
    new.add_argument("--name", default="made by hand", help="whose it is, 1 to 48 characters")
    new.add_argument("--role", choices=ROLES, default="admin", help="default admin")
    _order(orders, "join-key", _join_key, "print a new join key; nothing is changed")


def run(args: argparse.Namespace) -> int:
    return int(args.run_order(args))


def _order(orders: Any, name: str, run_order: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = orders.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    add_client_options(parser)
    parser.set_defaults(run_order=run_order)
    return parser


def _list(args: argparse.Namespace) -> int:
    answer = hub_of(args).get(_COLLECTION)
    if args.json:
        print_json(answer)
    else:
        print_table(_HEAD, [_row(each) for each in answer["tokens"]])
    return 0


def _row(token: dict[str, Any]) -> tuple[str, ...]:
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(token["made_s"]))
    return token["id"], token["name"], token["role"], made


def _add(args: argparse.Namespace) -> int:
    hub = hub_of(args)
    made = hub.post(_COLLECTION, {"name": args.name, "role": args.role})
    if args.json:
        print_json(made)
    else:
        print(f"{made['id']}: may {_may(made['role'])}; this link is shown once:\n{hub.url}/#token={made['token']}")
    return 0


def _revoke(args: argparse.Namespace) -> int:
    hub_of(args).delete(item_path(_COLLECTION, args.id))
    if args.json:
        print_json({"revoked": args.id})
    else:
        print(f"revoked {args.id}")
    return 0


def _new(args: argparse.Namespace) -> int:
    folder = args.store or store_folder()
    token, secret = Tokens(folder).add(args.name, args.role)
    if args.json:
        print_json({**token.told(), "token": secret})
    else:
        print(
            f"{token.id}: may {_may(token.role)}; this token is shown once, a running hub knows it already:\n{secret}"
        )
    return 0


def _join_key(args: argparse.Namespace) -> int:
    key = secrets.token_hex(join.KEY_MIN)
    if args.json:
        print_json({"join_key": key})
    else:
        print(key)
    return 0


def _may(role: str) -> str:
    return {"view": "look", "play": "look and play", "admin": "look, play and change everything"}[role]
