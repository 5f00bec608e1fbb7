"""One source at a time: who leads, what happens when he falls silent, and what hands do meanwhile."""

import asyncio

import pytest

from lightwave_hub.errors import NoBeatError, TempoSourceError
from lightwave_hub.show_clock import PHASE_STEPS, ShowClock
from lightwave_hub.tempo.desk import TempoDesk
from lightwave_hub.tempo.source import Reading, Session, Source

POLL_S = 0.05


class Leader(Source):
    detail = "a leader"

    def __init__(self):
        self.bpm = 130.0
        self.confidence = 100
        self.silent = False
        self.is_open = False
        self.start = 0.0

    def open(self):
        self.is_open = True

    def close(self):
        self.is_open = False

    def read(self, now_us):
        if self.silent:
            return None
        return Reading(now_us, self.bpm, self.start + now_us * self.bpm / 60_000_000, False, self.confidence)


class Band(Leader, Session):
    def __init__(self):
        super().__init__()
        self.shifted = 0.0

    def set_tempo(self, bpm):
        self.bpm = bpm

    def shift(self, beats):
        self.shifted += beats
        self.start += beats


class Offers:
    def __init__(self):
        self.leader, self.band = Leader(), Band()

    def make(self, name):
        if name == "missing":
            raise TempoSourceError("missing", "not installed")
        return {"manual": None, "leader": self.leader, "band": self.band}[name]

    def offered(self):
        return []


class Table:
    def __init__(self, clock):
        self.hand = clock
        self.show = ShowClock(lambda: clock.us * 1000)
        self.offers = Offers()
        self.desk = TempoDesk(self.show, self.offers)

    def polls(self, count):
        for _ in range(count):
            self.hand.forward(POLL_S)
            self.desk.poll()

    def position(self):
        beat = self.show.beat_at(self.hand.us)
        return beat.beat + beat.phase / PHASE_STEPS


@pytest.fixture
def table(clock):
    return Table(clock)


def told(table):
    state = table.desk.describe()
    return state["source"], state["state"], state["confidence"], state["bpm"]


def test_a_source_leads_and_when_it_disappears_the_tempo_runs_on(table):
    table.desk.set_tempo(100)
    assert told(table) == ("manual", "manual", 100, 100)
    table.desk.choose("leader")
    assert told(table) == ("leader", "waiting", 0, 100)
    table.polls(60)
    assert told(table) == ("leader", "following", 100, 130)
    table.offers.leader.silent = True
    table.polls(2)
    before = table.position()
    table.polls(200)
    assert told(table) == ("leader", "lost", 0, 130)
    assert table.position() - before == pytest.approx(10 * 130 / 60, abs=0.01)
    table.offers.leader.silent = False
    table.offers.leader.bpm = 140
    table.polls(1)
    assert told(table) == ("leader", "following", 100, 140)


def test_only_the_chosen_one_is_open(table):
    table.desk.choose("leader")
    table.desk.choose("band")
    assert (table.offers.leader.is_open, table.offers.band.is_open) == (False, True)
    with pytest.raises(TempoSourceError, match="not installed"):
        table.desk.choose("missing")
    assert table.desk.source == "band" and table.offers.band.is_open
    table.desk.choose("manual")
    assert not table.offers.band.is_open


async def test_a_source_that_fails_is_left_and_the_desk_goes_on(table, caplog):
    table.desk.set_tempo(100)
    table.desk.choose("leader")
    table.offers.leader.bpm = None  # it divides by it
    left = asyncio.Event()
    table.desk.on_change.append(left.set)
    task = asyncio.create_task(table.desk.run())
    try:
        await asyncio.wait_for(left.wait(), 5)
        assert told(table) == ("manual", "manual", 100, 100)
        assert not table.offers.leader.is_open and not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_trust_comes_late_and_goes_later(table):
    table.desk.set_tempo(100)
    table.desk.choose("leader")
    for confidence, state, bpm in (
        (39, "waiting", 100),
        (40, "following", 130),
        (20, "following", 130),
        (19, "lost", 130),
    ):
        table.offers.leader.confidence = confidence
        table.polls(1)
        assert told(table) == ("leader", state, confidence, bpm)


@pytest.mark.parametrize("by_hand", [lambda desk: desk.set_tempo(90), lambda desk: desk.nudge_pct(-10)])
def test_a_hand_takes_over_from_a_source_that_takes_no_orders(table, by_hand):
    table.desk.choose("leader")
    table.polls(2)
    by_hand(table.desk)
    assert table.desk.source == "manual"
    assert not table.offers.leader.is_open
    assert table.show.bpm in (90, 117)


def test_a_source_can_be_followed_at_a_distance(table):
    table.desk.set_tempo(100)
    table.desk.choose("leader")
    table.desk.nudge_us(20_000)
    table.polls(200)
    ahead = table.position() - table.offers.leader.read(table.hand.us).beats
    assert (ahead - round(ahead)) * 60 / 130 == pytest.approx(0.020, abs=0.002)
    assert (table.desk.source, table.desk.describe()["offset_ms"]) == ("leader", -20)


def test_a_session_is_told_what_hands_do(table):
    table.desk.set_tempo(100)
    table.desk.choose("band")
    table.desk.set_tempo(90)
    assert (table.offers.band.bpm, table.desk.source) == (90, "band")
    table.polls(100)
    table.desk.nudge_us(60_000)
    assert table.offers.band.shifted == pytest.approx(0.09)
    table.polls(100)
    error = table.position() - table.offers.band.read(table.hand.us).beats
    assert abs(error - round(error)) < 0.01


def test_taps_set_tempo_and_phase_and_are_counted(table):
    table.desk.set_tempo(100)
    table.hand.forward(3.21)
    counts = []
    for _ in range(8):
        table.hand.forward(0.5)
        counts.append(table.desk.tap())
    assert counts == list(range(1, 9))
    assert (table.show.bpm, table.desk.describe()["taps"]) == (120, 8)
    table.hand.forward(4)  # on a beat, as the taps were
    assert abs(table.position() - round(table.position())) < 0.01


def test_taps_begin_a_beat_out_of_silence(table):
    table.desk.tap()
    table.hand.forward(0.6)
    table.desk.tap()
    assert table.show.bpm == 100
    table.hand.forward(6)
    assert abs(table.position() - round(table.position())) < 0.001


@pytest.mark.parametrize("nudge", [lambda desk: desk.nudge_us(5), lambda desk: desk.nudge_pct(1)])
def test_without_a_beat_there_is_nothing_to_nudge(table, nudge):
    with pytest.raises(NoBeatError):
        nudge(table.desk)


@pytest.mark.parametrize(("ms", "beats"), [(50, 0.1), (-100, -0.2)])
def test_a_nudge_moves_the_beat_and_the_tempo_stays(table, ms, beats):
    other = Table(type(table.hand)())
    for each in (table, other):
        each.desk.set_tempo(120)
        each.hand.forward(5)
    table.desk.nudge_us(ms * 1000)
    for each in (table, other):
        each.hand.forward(5)
    assert table.position() - other.position() == pytest.approx(beats, abs=1e-3)
    assert table.show.bpm == 120


def test_changes_are_told_once(table):
    heard = []
    table.desk.on_change.append(lambda: heard.append(told(table)[:2]))
    table.desk.set_tempo(100)
    table.desk.choose("leader")
    table.polls(5)
    assert heard == [("manual", "manual"), ("leader", "waiting"), ("leader", "following")]
