"""The schedule: when an entry is due, over both changes of the clocks, and what becomes of entries that were missed."""

import datetime
import time

import pytest

from lightwave_hub.errors import RequestError
from lightwave_hub.show.document import Document
from lightwave_hub.show.models import DAYS, Schedule
from lightwave_hub.show.schedule import LATE_S, Scheduler, iso, next_due


@pytest.fixture
def berlin(monkeypatch):
    """Its clocks went forward on 29 March 2026 at 02:00 and go back on 25 October at 03:00."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def entry(**changes):
    body = {"id": "x", "name": "x", "days": list(DAYS), "time": "20:00", "action": {"master": 5}}
    return Schedule.model_validate(body | changes)


def at(text):
    return datetime.datetime.fromisoformat(text).timestamp()


DUE = [
    ("2026-03-27T12:00+01:00", "20:00", DAYS, "2026-03-27T20:00:00+01:00"),
    ("2026-03-27T20:00+01:00", "20:00", DAYS, "2026-03-28T20:00:00+01:00"),
    ("2026-03-27T20:00+01:00", "20:00", ("fri",), "2026-04-03T20:00:00+02:00"),
    ("2026-03-28T20:00+01:00", "20:00", DAYS, "2026-03-29T20:00:00+02:00"),
    ("2026-03-29T00:00+01:00", "02:30", DAYS, "2026-03-29T03:30:00+02:00"),
    ("2026-03-29T03:30+02:00", "02:30", DAYS, "2026-03-30T02:30:00+02:00"),
    ("2026-10-25T00:00+02:00", "02:30", DAYS, "2026-10-25T02:30:00+02:00"),
    ("2026-10-25T02:30+02:00", "02:30", DAYS, "2026-10-26T02:30:00+01:00"),
    ("2026-12-31T23:59+01:00", "00:00", DAYS, "2027-01-01T00:00:00+01:00"),
]


@pytest.mark.parametrize(("after", "text", "days", "due"), DUE)
def test_an_entry_is_due_once_a_day_whatever_the_clocks_do(berlin, after, text, days, due):
    assert iso(next_due(entry(time=text, days=list(days)), at(after))) == due


class Stage:
    """A scheduler whose time is turned by hand, and what it did."""

    def __init__(self, *entries, start="2026-06-01T19:59:50+02:00"):
        self.now_s = at(start)
        self.done = []
        self.changes = 0
        self.fails = False
        document = Document()
        for each in entries:
            document.apply(document.create("schedule", each))
        self.scheduler = Scheduler(lambda: document, self._act, self._note, lambda: self.now_s)

    def _act(self, action):
        if self.fails:
            raise RequestError("effect", "no such effect")
        self.done.append(action.master)

    def _note(self):
        self.changes += 1

    def forward(self, seconds):
        self.now_s += seconds
        self.scheduler.look()


def test_what_becomes_due_is_done_once_and_in_order(berlin):
    stage = Stage(
        entry(id="b", name="b", time="20:00", action={"master": 2}),
        entry(id="c", name="c", enabled=False),
        entry(id="a", name="a", time="19:59", action={"master": 1}),
        start="2026-06-01T19:58:59+02:00",
    )
    for _ in range(140):
        stage.forward(0.5)
    assert stage.done == [1, 2]
    assert stage.scheduler.last.describe() == {"id": "b", "name": "b", "due": "2026-06-01T20:00:00+02:00", "error": ""}
    assert stage.scheduler.missed is None


def test_what_was_due_while_the_hub_was_down_is_reported_and_not_done(berlin):
    stage = Stage(
        entry(id="a", name="a", time="19:00", action={"master": 1}),
        entry(id="b", name="b", time="19:30", action={"master": 2}),
    )
    stage.scheduler.resume(at("2026-05-20T12:00+02:00"))
    assert (stage.scheduler.missed.entry.id, iso(stage.scheduler.missed.due_s)) == ("b", "2026-06-01T19:30:00+02:00")
    stage.forward(0.5)
    assert (stage.done, stage.changes) == ([], 1)


def test_a_clock_that_is_set_skips_and_repeats_nothing_it_should_not(berlin):
    stage = Stage(entry())
    stage.forward(3600.0)
    assert (stage.done, stage.scheduler.missed.entry.id) == ([], "x")
    stage.forward(-3700.0)
    assert stage.done == []
    while stage.now_s < at("2026-06-01T20:00:01+02:00"):
        stage.forward(LATE_S - 1)
    assert stage.done == [5], "it is 20:00 again, and the first time it was not done"


def test_an_entry_that_cannot_be_done_says_why(berlin):
    stage = Stage(entry())
    stage.fails = True
    for _ in range(11):
        stage.forward(1)
    assert stage.scheduler.last.error == "effect: no such effect"
