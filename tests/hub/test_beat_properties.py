"""What holds for the beat whatever is commanded and lost: exact moments, continuous phase, no jump on a node."""

from hypothesis import given, settings
from hypothesis import strategies as st

from lightwave import ticks
from lightwave.beat import BeatClock, phase_at
from lightwave.constants import APPLY_AHEAD_US
from lightwave_hub.show_clock import BEAT_UNITS, MAX_BPM, MIN_BPM, PHASE_STEPS, Beat, ShowClock

TICK_US = 10_000
HOURS_US = 12 * 3_600_000_000
tempos = st.integers(round(MIN_BPM * 100), round(MAX_BPM * 100)).map(lambda bpm_x100: bpm_x100 / 100)
nearby_tempos = st.integers(11_500, 12_500).map(lambda bpm_x100: bpm_x100 / 100)
waits = st.integers(0, 5_000_000)
units = st.sampled_from((1, 4, 256))


class Hub:
    """A show clock on a hand."""

    def __init__(self, now_us=1_000_000):
        self.now_us = now_us
        self.show = ShowClock(lambda: self.now_us * 1000)


def position(beat):
    return beat.beat * PHASE_STEPS + beat.phase


@given(tempo=tempos, start_us=st.integers(0, 1 << 50), later_us=st.integers(0, HOURS_US), every=units)
def test_the_moment_of_a_beat_is_exact_for_hours(tempo, start_us, later_us, every):
    hub, bpm_x100 = Hub(start_us), round(tempo * 100)
    hub.show.set_tempo(tempo)
    origin_us = start_us + APPLY_AHEAD_US
    number = hub.show.next_beat(every, origin_us + later_us)
    at_us = hub.show.time_of_beat(number)
    assert number % every == 0
    assert origin_us + later_us <= at_us <= origin_us + later_us + every * -(-BEAT_UNITS // bpm_x100)
    assert phase_at(bpm_x100, 0, 0, origin_us, at_us) == (0, number)
    assert phase_at(bpm_x100, 0, 0, origin_us, at_us - 1)[1] == number - 1
    assert hub.show.beat_at(at_us) == Beat(bpm_x100, 0, number)


@given(first=tempos, second=tempos, wait_us=waits, beats=st.integers(1, 200))
def test_the_moment_of_a_beat_is_exact_over_a_change_of_tempo(first, second, wait_us, beats):
    hub = Hub()
    hub.show.set_tempo(first)
    hub.now_us += APPLY_AHEAD_US + wait_us
    hub.show.set_tempo(second)
    at_us = hub.show.time_of_beat(beats)
    assert (hub.show.beat_at(at_us).phase, hub.show.beat_at(at_us).beat) == (0, beats)
    assert hub.show.beat_at(at_us - 1).beat == beats - 1


@given(changes=st.lists(st.tuples(waits, st.none() | tempos), min_size=1, max_size=12))
def test_changes_keep_the_phase_and_a_new_bar_line_moves_whole_beats(changes):
    """A change to another tempo, or (None) a downbeat."""
    hub = Hub()
    hub.show.set_tempo(120)
    for wait_us, tempo in changes:
        hub.now_us += APPLY_AHEAD_US + wait_us
        from_us = hub.now_us + APPLY_AHEAD_US
        before, just_before = hub.show.beat_at(from_us), hub.show.beat_at(from_us - 1)
        if tempo is None:
            hub.show.downbeat()
            assert hub.show.beat_at(from_us).beat - before.beat in range(4)
            assert hub.show.beat_at(from_us)._replace(beat=0) == before._replace(beat=0)
        else:
            hub.show.set_tempo(tempo)
            assert hub.show.beat_at(from_us) == before._replace(bpm_x100=round(tempo * 100))
        assert hub.show.beat_at(from_us - 1) == just_before, "what nodes were told stays true"


@given(tempo=tempos, wait_us=st.integers(APPLY_AHEAD_US, 20_000_000))
def test_a_downbeat_makes_the_nearest_beat_the_first_of_its_bar(tempo, wait_us):
    hub, other = Hub(), Hub()
    for clock in (hub, other):
        clock.show.set_tempo(tempo)
        clock.now_us += wait_us
    now = hub.show.beat_at(hub.now_us)
    nearest = now.beat + (now.phase >= PHASE_STEPS // 2)
    hub.show.downbeat()
    later_us = hub.now_us + 10_000_000
    expected = other.show.beat_at(later_us)
    assert hub.show.beat_at(later_us) == expected._replace(beat=expected.beat + -nearest % 4)


class Node:
    """A node's beat, on a clock `offset` ahead of the hub's; every step it shows is checked."""

    def __init__(self, hub, offset):
        self.beat = BeatClock()
        self.hub = hub
        self.offset = offset
        self.shown_us = hub.now_us
        self.hear()

    def hear(self):
        """A BEAT_TICK that is due now."""
        if self.beat.bpm_x100:
            self.frame(self.hub.now_us)
        self.beat.set(*self.hub.show.beat_at(self.hub.now_us), (self.hub.now_us + self.offset) & ticks.MASK)

    def frame(self, at_us):
        """What it shows moves on as the tempo says, 5 % more or less."""
        before, passed_us = position(self.beat), at_us - self.shown_us
        self.shown_us = at_us
        self.beat.advance((at_us + self.offset) & ticks.MASK)
        regular = self.beat.bpm_x100 * passed_us * PHASE_STEPS / BEAT_UNITS
        assert 0.95 * regular - 2 <= position(self.beat) - before <= 1.05 * regular + 2


@settings(max_examples=50)
@given(
    tempi=st.lists(nearby_tempos, min_size=1, max_size=4),
    lost=st.lists(st.integers(0, 19), min_size=20, max_size=40),
    offset=st.integers(0, ticks.PERIOD - 1),
)
def test_a_node_that_hears_some_ticks_never_jumps_and_ends_where_the_hub_is(tempi, lost, offset):
    """Up to 19 ticks in a row are lost, and the tempo changes under way."""
    hub = Hub()
    hub.show.set_tempo(tempi[0])
    hub.now_us = hub.show.time_of_beat(1)
    node = Node(hub, offset)
    for number, ticks_lost in enumerate(lost):
        if number % 10 == 9:
            hub.show.set_tempo(tempi[number % len(tempi)])
        for _ in range(ticks_lost):
            hub.now_us += TICK_US
            node.frame(hub.now_us - TICK_US // 3)
        hub.now_us += TICK_US
        node.hear()
    for _ in range(200):  # no more changes: what was wrong is slewed away
        hub.now_us += 2 * TICK_US
        node.hear()
    assert abs(position(node.beat) - position(hub.show.beat_at(hub.now_us))) <= 1
