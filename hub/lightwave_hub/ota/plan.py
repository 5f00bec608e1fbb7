"""What a rollout is to do: which nodes in which stage and order, and how careful to be."""

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from lightwave.fields import Bool, FieldError, Int, List, Mac, Number, Optional, Text
from lightwave_hub.rules import Closed

PUSH = "push"
ROLLBACK = "rollback"
STAGES = ("dev", "staging", "pilot", "all")
PILOT_SHARE = 0.1
# Of releases: they stand in paths and on command lines.
VERSION_PATTERN = "^[0-9A-Za-z][0-9A-Za-z._+-]{0,31}$"
_WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Options:
    """How careful a rollout is. `soak_s` follows each stage in which a node was updated; then the gates judge all that
    were so far. A rollback does not soak: it is needed now."""

    dev: tuple[str, ...] = ()  # MACs
    staging: tuple[str, ...] = ()
    soak_s: float = 600.0
    min_fps_pct: float = 95.0  # of what the node drew before
    max_late_pct: float = 1.0  # of its frames
    max_loss_pct: float = 2.0
    go_on: bool = False  # past failures
    window: str = ""  # "22:00-06:00": begins no node outside, by the hub's local time
    during_show: bool = False  # else it waits while a beat runs

    def in_window(self, unix_s: float) -> bool:
        if not self.window:
            return True
        begin, end = _minutes(self.window)
        local = time.localtime(unix_s)
        minute = local.tm_hour * 60 + local.tm_min
        return begin <= minute < end if begin <= end else minute >= begin or minute < end


class _Window:
    def check(self, value: object, name: str) -> str:
        if not isinstance(value, str) or (value and not _WINDOW.fullmatch(value)):
            raise FieldError(name, "must be HH:MM-HH:MM, or empty for any time")
        return value


RULES = Closed(
    ("version", Text(1, 32)),
    ("dev", Optional(List(0, 100, Mac()))),
    ("staging", Optional(List(0, 100, Mac()))),
    ("soak_s", Optional(Number(0, 7 * 86400))),
    ("min_fps_pct", Optional(Number(0, 100))),
    ("max_late_pct", Optional(Number(0, 100))),
    ("max_loss_pct", Optional(Number(0, 100))),
    ("go_on", Optional(Bool())),
    ("window", Optional(_Window())),
    ("during_show", Optional(Bool())),
)
AUDIT_LIMIT = Int(1, 10000)
ROLLOUTS_LIMIT = Int(1, 1000)


def options_of(body: dict[str, Any]) -> Options:
    """From a request's body, checked by RULES."""
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in body.items()}
    fields.pop("version", None)
    return Options(**fields)


@dataclass(slots=True)
class Member:
    """One node of a rollout. Times are Unix seconds; `session` is the token hash of the session that got the order."""

    mac: str
    stage: str
    state: str = "waiting"  # waiting, ordered, done, skipped, failed
    detail: str = ""
    attempts: int = 0
    session: int = 0
    turn_s: float = 0.0
    ordered_s: float = 0.0
    done_s: float = 0.0
    fps_before: list[float] = field(default_factory=list)
    late_at_done: float = 0.0


def members(macs: Iterable[str], options: Options, kind: str) -> list[Member]:
    """Every node once, in the order of its stage and of its MAC. A rollback has one stage: it is needed now."""
    rest = sorted(set(macs))
    if kind == ROLLBACK:
        return [Member(mac, STAGES[-1]) for mac in rest]
    staged = []
    for stage, named in (("dev", options.dev), ("staging", options.staging)):
        chosen = [mac for mac in rest if mac in named]
        rest = [mac for mac in rest if mac not in named]
        staged += [Member(mac, stage) for mac in chosen]
    pilots = ceil(len(rest) * PILOT_SHARE)
    staged += [Member(mac, "pilot") for mac in rest[:pilots]]
    return staged + [Member(mac, "all") for mac in rest[pilots:]]


def _minutes(window: str) -> Sequence[int]:
    found = _WINDOW.fullmatch(window)
    assert found is not None  # RULES has seen it
    hours = [int(part) for part in found.groups()]
    return hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
