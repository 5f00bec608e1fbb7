"""Commands for what a show is made of: list, show, put and delete, alike for every kind."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightwave_hub.cli.client import HubClient, hub_of, item_path, print_json
from lightwave_hub.cli.settings import add_client_options
from lightwave_hub.cli.table import print_table
from lightwave_hub.errors import RequestError

Row = Callable[[dict[str, Any]], tuple[str, ...]]
_MAX_FILE_BYTES = 8 << 20


class Objects:
    """The orders of one kind. `path` is its collection under /api; `row` gives an item's cells under `head`.

    `told` are fields that the hub adds to what is stored: they are shown in lists, and no part of the item."""

    def __init__(self, path: str, one: str, head: tuple[str, ...], row: Row, told: tuple[str, ...] = ()) -> None:
        self.path = path
        self.one = one
        self._told = told
        self._head = head
        self._row = row
        self._orders: Any = None

    def configure(self, parser: argparse.ArgumentParser) -> None:
        parser.set_defaults(run_order=self._list)
        add_client_options(parser)
        self._orders = parser.add_subparsers(metavar="order", title="orders", description="Without one: list.")
        self.order("list", self._list, f"show every {self.one}")
        self.order("show", self._show, f"show one {self.one}, as JSON", takes_id=True)
        put = self.order("put", self._put, f"make or replace a {self.one} from JSON")
        put.add_argument("file", help="a file, or - for the input")
        self.order("delete", self._delete, f"delete a {self.one}", takes_id=True)

    def order(
        self, name: str, run: Callable[[argparse.Namespace], int], text: str, takes_id: bool = False
    ) -> argparse.ArgumentParser:
        """One more order; `configure` must have been called."""
        parser: argparse.ArgumentParser = self._orders.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + "."
        )
        if takes_id:
            parser.add_argument("id", help=f"id of the {self.one}")
        add_client_options(parser)
        parser.set_defaults(run_order=run)
        return parser

    def get(self, hub: HubClient, key: str) -> dict[str, Any]:
        """The item as it is stored."""
        item = hub.get(item_path(self.path, key))
        return {name: value for name, value in item.items() if name not in self._told}

    def _list(self, args: argparse.Namespace) -> int:
        answer = hub_of(args).get(self.path)
        if args.json:
            print_json(answer)
        elif answer["items"]:
            print_table(self._head, [self._row(item) for item in answer["items"]])
        else:
            print(f"There is no {self.one} yet.")
        return 0

    def _show(self, args: argparse.Namespace) -> int:
        print_json(self.get(hub_of(args), args.id))
        return 0

    def _put(self, args: argparse.Namespace) -> int:
        document = read_json(args.file)
        if not isinstance(document, dict):
            raise RequestError("file", f"a {self.one} is a JSON object")
        return self.report(args, put(hub_of(args), self.path, document))

    def _delete(self, args: argparse.Namespace) -> int:
        hub_of(args).delete(item_path(self.path, args.id))
        if args.json:
            print_json({"deleted": args.id})
        else:
            print(f"deleted {args.id}")
        return 0

    def report(self, args: argparse.Namespace, item: dict[str, Any]) -> int:
        """Say what has become of an item."""
        if args.json:
            print_json(item)
        else:
            print_table(self._head, [self._row(item)])
        return 0


def put(hub: HubClient, path: str, item: dict[str, Any]) -> dict[str, Any]:
    """Replace the item of that id, or make it where there is none. Without an id the hub makes one."""
    key = item.get("id")
    if isinstance(key, str) and key:
        try:
            return dict(hub.put(item_path(path, key), item))
        except RequestError as error:
            if error.status != 404:
                raise
    return dict(hub.post(path, item))


def read_json(name: str) -> Any:
    """The JSON of a file, or of the input for "-". Raises RequestError."""
    try:
        if name == "-":
            raw = sys.stdin.buffer.read(_MAX_FILE_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                raw = file.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise RequestError("file", f"cannot read {name}: {error.strerror}") from None
    if len(raw) > _MAX_FILE_BYTES:
        raise RequestError("file", f"{name} has more than {_MAX_FILE_BYTES >> 20} MB")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise RequestError("file", f"{name} is not JSON: {error}") from None
