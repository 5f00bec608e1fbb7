"""Types of command line arguments, for argparse."""

import argparse
from collections.abc import Callable
from typing import TypeVar

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
