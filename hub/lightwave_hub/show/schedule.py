"""What happens at a time of some weekdays: when that is, and the task that sees to it.

The time is that of the machine's own zone. Where clocks go forward over it, an entry is done as long after midnight as
on any other day (02:30 is then called 03:30); where they go back over it, the first time counts. So each happens once.
What was due while the hub was down, or the machine asleep, is not done late; the last such entry is reported.
"""

import asyncio
import datetime
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lightwave_hub.errors import HubError
from lightwave_hub.log import event, failure, show_log
from lightwave_hub.show.document import Document
from lightwave_hub.show.models import DAYS, Action, Schedule

LOOK_S = 0.5
LATE_S = 5.0  # a busy second is not a missed entry; more is a machine that slept, or a clock that was set
SAVE_S = 60.0
_LONGEST_S = 8 * 86400.0


def next_due(entry: Schedule, after_s: float) -> float:
    """The first moment after `after_s` (seconds since 1970) at which an entry is due, whether it is enabled or not."""
    days = {DAYS.index(day) for day in entry.days}
    first = datetime.datetime.fromtimestamp(after_s).date()
    for ahead in range(-1, 9):
        day = first + datetime.timedelta(days=ahead)
        if day.weekday() in days:
            due_s = _at(day, entry.time)
            if due_s > after_s:
                return due_s
    raise AssertionError("a weekday comes at least once in eight days")


def next_time(text: str, after_s: float) -> float:
    """The next moment at which a clock on the wall shows `text`."""
    return next_due(Schedule.model_construct(days=list(DAYS), time=text), after_s)


def _at(day: datetime.date, text: str) -> float:
    hour, minute = int(text[:2]), int(text[3:])
    return datetime.datetime(day.year, day.month, day.day, hour, minute).timestamp()


def iso(at_s: float) -> str:
    """Local time, with its distance from UTC."""
    return datetime.datetime.fromtimestamp(at_s).astimezone().isoformat(timespec="seconds")


@dataclass(frozen=True)
class Happened:
    """What became of an entry that was due; `error` is empty when it was done."""

    entry: Schedule
    due_s: float
    error: str = ""

    def describe(self) -> dict[str, Any]:
        return {"id": self.entry.id, "name": self.entry.name, "due": iso(self.due_s), "error": self.error}


class Scheduler:
    """`act` does what an entry asks for; `changed` is called when there is something new to tell or to keep."""

    def __init__(
        self,
        document: Callable[[], Document],
        act: Callable[[Action], None],
        changed: Callable[[], None],
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self.missed: Happened | None = None
        self.last: Happened | None = None
        self.seen_s = now_s()  # everything due until then is dealt with
        self._document = document
        self._act = act
        self._changed = changed
        self._now_s = now_s

    def resume(self, seen_s: float) -> None:
        """Everything due until `seen_s` was dealt with, perhaps by another process; what came since is missed."""
        self._miss(seen_s, self._now_s())

    async def run(self) -> None:
        saved_s = self.seen_s
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                self.look()
            except Exception:  # a fault over one entry must not stop the others
                failure(show_log, "schedule failed")
            if self.seen_s - saved_s >= SAVE_S and self._enabled():
                saved_s = self.seen_s
                self._changed()

    def look(self) -> None:
        """Do what has become due since the last time."""
        now_s, seen_s = self._now_s(), self.seen_s
        if now_s < seen_s - LATE_S:  # the clock was set back: what is still to come will come
            self.seen_s = now_s
        if now_s - seen_s > LATE_S:
            self._miss(seen_s, now_s - LATE_S)
            seen_s = now_s - LATE_S
        due = sorted(((next_due(entry, seen_s), entry) for entry in self._enabled()), key=lambda pair: pair[0])
        self.seen_s = max(self.seen_s, now_s)
        for due_s, entry in due:
            if due_s <= now_s:
                self._do(entry, due_s)

    def _do(self, entry: Schedule, due_s: float) -> None:
        error = ""
        try:
            self._act(entry.action)
        except HubError as refusal:
            error = str(refusal)
        self.last = Happened(entry, due_s, error)
        level = logging.ERROR if error else logging.INFO
        event(show_log, level, "schedule", entry=entry.name, due=iso(due_s), error=error or "-")
        self._changed()

    def _miss(self, from_s: float, until_s: float) -> None:
        from_s = max(from_s, until_s - _LONGEST_S)  # what was due last was due within it
        for entry in self._enabled():
            due_s, latest_s = next_due(entry, from_s), 0.0
            while due_s <= until_s:
                latest_s = due_s
                due_s = next_due(entry, due_s)
            if latest_s and (self.missed is None or latest_s > self.missed.due_s):
                self.missed = Happened(entry, latest_s, "missed: the hub was not running")
        self.seen_s = until_s
        missed = self.missed
        if missed is not None and missed.due_s > from_s:
            event(show_log, logging.WARNING, "schedule missed", entry=missed.entry.name, due=iso(missed.due_s))
            self._changed()

    def _enabled(self) -> list[Schedule]:
        entries: list[Schedule] = self._document().items("schedule")
        return [entry for entry in entries if entry.enabled]
