"""Metric families as text: Prometheus' format 0.0.4 and OpenMetrics 1.0, and which of them a client asks for.

The formats are described at prometheus.io/docs/instrumenting/exposition_formats and in the OpenMetrics specification.
They differ in the names of counters, in what HELP escapes, in units and in the end mark.
"""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["counter", "gauge", "summary"]
COUNTER: Kind = "counter"
GAUGE: Kind = "gauge"
SUMMARY: Kind = "summary"
Labels = tuple[tuple[str, str], ...]

JSON = "application/json"
TEXT = "text/plain"
OPENMETRICS = "application/openmetrics-text"
CONTENT_TYPE = {
    TEXT: f"{TEXT}; version=0.0.4; charset=utf-8",
    OPENMETRICS: f"{OPENMETRICS}; version=1.0.0; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Family:
    """`name` is without a counter's `_total`, and ends in its unit where it has one. Samples: labels and a value."""

    name: str
    kind: Kind
    help: str
    unit: str = ""
    samples: list[tuple[Labels, float]] = field(default_factory=list)

    def add(self, value: float | None, **labels: str) -> None:
        """A sample; None is left out, as a figure that nobody knows has none."""
        if value is not None:
            self.samples.append((tuple(labels.items()), value))


def render(families: list[Family], media: str) -> str:
    """All families that have samples, in TEXT or OPENMETRICS."""
    is_open = media == OPENMETRICS
    lines: list[str] = []
    for family in families:
        if family.samples:
            lines += _head(family, is_open)
            lines += _samples(family)
    if is_open:
        lines.append("# EOF")
    return "".join(f"{line}\n" for line in lines)


def _head(family: Family, is_open: bool) -> list[str]:
    name = family.name if is_open else _sample_name(family)
    lines = [f"# HELP {name} {_escaped(family.help, quotes=is_open)}", f"# TYPE {name} {family.kind}"]
    if is_open and family.unit:
        lines.append(f"# UNIT {name} {family.unit}")
    return lines


def _samples(family: Family) -> list[str]:
    name = _sample_name(family)
    lines = []
    for labels, value in family.samples:
        inside = ",".join(f'{label}="{_escaped(text, quotes=True)}"' for label, text in labels)
        lines.append(f"{name}{{{inside}}} {_number(value)}" if inside else f"{name} {_number(value)}")
    return lines


def _sample_name(family: Family) -> str:
    return f"{family.name}_total" if family.kind == COUNTER else family.name


def _escaped(text: str, quotes: bool) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quotes else text


def _number(value: float) -> str:
    """As Go's parser and ours read it: no exponent for whole numbers, a name for what is none."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1 << 53 else repr(float(value))


def wanted(accept: str) -> str:
    """JSON, TEXT or OPENMETRICS: the best that an Accept header names; JSON when it names none, or none better.

    A browser's `*/*` and no header at all mean JSON, which is what the page and `k1` read.
    """
    qualities = dict.fromkeys((JSON, OPENMETRICS, TEXT), 0.0)
    anything = 0.0 if accept.strip() else 1.0
    for item in accept.split(","):
        media, *parameters = (part.strip().lower() for part in item.split(";"))
        quality = _quality(parameters)
        if media in qualities:
            qualities[media] = max(qualities[media], quality)
        elif media in ("*/*", "application/*"):
            anything = max(anything, quality)
    qualities[JSON] = max(qualities[JSON], anything)
    best = max(qualities.values())
    return next(media for media, quality in qualities.items() if quality == best)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(1.0, max(0.0, float(parameter[2:])))
            except ValueError:
                return 0.0
    return 1.0
