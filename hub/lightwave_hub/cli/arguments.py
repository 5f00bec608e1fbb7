"""Types of command line arguments, for argparse."""

import argparse
from collections.abc import Callable
from typing import Any, TypeVar

from lightwave_hub.cli.client import HubClient

_Number = TypeVar("_Number", int, float)


def number_within(low: _Number, high: _Number, kind: type[_Number]) -> Callable[[str], _Number]:
    """A parser of `kind`s from `low` to `high`; what is wrong is said with the range."""
    what = "a whole number" if kind is int else "a number"

    def parse(text: str) -> _Number:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be {what} from {low:g} to {high:g}, not {text!r}")
        return value

    return parse


def add_moment_options(parser: argparse.ArgumentParser) -> None:
    """--at and --quantise, of every command that plays something."""
    moment = parser.add_mutually_exclusive_group()
    moment.add_argument("--at", type=number_within(0.0, 2.0, float), metavar="S", help="seconds from now, up to 2")
    moment.add_argument(
        "--quantise", type=_quantum, metavar="UNIT", help="at the next beat, bar, or bar that a number (1..64) divides"
    )


def moment(args: argparse.Namespace, hub: HubClient) -> dict[str, Any]:
    """What a request's body says about its moment. Hub time is the hub's to tell."""
    if args.at is not None:
        return {"at_us": hub.get("/api/clock")["hubNow_us"] + round(args.at * 1_000_000)}
    return {} if args.quantise is None else {"quantise": args.quantise}


def _quantum(text: str) -> str | int:
    return text if text in ("beat", "bar") else number_within(1, 64, int)(text)
