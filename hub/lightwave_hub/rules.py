"""Checks for what people write (configuration, request bodies), beside those of lightwave.fields for the wire.

A rule has `check(value, name)`: the value, or FieldError. People get one thing machines do not: an unknown name is an
error, for a typing error must not pass in silence.
"""

from typing import Any

from lightwave.fields import FieldError, Record, shown

_LONGEST_NAME_SHOWN = 32


class Closed:
    """A Record that knows all its fields."""

    def __init__(self, *fields: tuple[str, Any]) -> None:
        self.fields = fields
        self._record = Record(*fields)
        self._names = [name for name, _ in fields]

    def check(self, value: Any, name: str) -> dict[str, Any]:
        if isinstance(value, dict):
            for key in value:
                if key not in self._names:
                    path = f"{name}.{key}" if name else key
                    raise FieldError(path[:_LONGEST_NAME_SHOWN], f"is unknown; known: {', '.join(self._names)}")
        checked: dict[str, Any] = self._record.check(value, name)
        return checked


class TextOr:
    """One rule for text, another for everything else."""

    def __init__(self, text: Any, other: Any) -> None:
        self.text = text
        self.other = other

    def check(self, value: object, name: str) -> Any:
        return (self.text if isinstance(value, str) else self.other).check(value, name)


class EmptyOr:
    """Text of a rule, or none at all."""

    def __init__(self, rule: Any) -> None:
        self.rule = rule

    def check(self, value: object, name: str) -> Any:
        return value if value == "" and isinstance(value, str) else self.rule.check(value, name)


class ZeroOr:
    """A number of a range, or 0 for "none"."""

    def __init__(self, low: float, high: float) -> None:
        self.limits = (low, high)

    def check(self, value: Any, name: str) -> Any:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        low, high = self.limits
        if is_number and (value == 0 or low <= value <= high):
            return value
        raise FieldError(name, f"must be 0 or a number {low:g}..{high:g}, not {shown(value)}")
