"""Commands for a moment: when their edges go out, what is known of them meanwhile, and how they are taken back."""

import pytest

from lightwave import packets
from lightwave.constants import APPLY_AHEAD_US
from lightwave_hub.conductor import CHANNELS, MAX_PLANNED, Conductor, When
from lightwave_hub.errors import NoBeatError, NotPlannedError, ShowBusyError
from lightwave_hub.part import Block, Scores
from lightwave_hub.parts import SPREAD_US
from lightwave_hub.show_clock import Beat, ShowClock
from tests.hub.support import decode

A, B, AB = CHANNELS["a"], CHANNELS["b"], CHANNELS["ab"]
TICK_US = 10_000
SILENCE = Beat(0, 0, 0)
EDGES = (packets.SCENE_CHANGE, packets.PARAM_DELTA)


class Show:
    """A conductor and its part on a clock turned by hand, tick by tick."""

    def __init__(self, clock):
        self.hand = clock
        self.clock = ShowClock(lambda: clock.us * 1000)
        self.conductor = Conductor(Scores(Block(), Block(), 255), self.clock)

    def tick(self):
        self.hand.us += TICK_US
        self.conductor.parts.fill(self.hand.us, SILENCE)
        return [decode(datagram) for datagram in self.conductor.tutti.datagrams]

    def run_until(self, until_us):
        return [datagram for _ in range((until_us - self.hand.us) // TICK_US) for datagram in self.tick()]

    def edges_until(self, until_us):
        return [datagram for datagram in self.run_until(until_us) if datagram.kind in EDGES]

    def at(self, seconds):
        return When(at_us=self.hand.us + round(seconds * 1_000_000))


@pytest.fixture
def show(clock):
    return Show(clock)


@pytest.mark.parametrize("seconds", [2.0, 0.6, 0.3, 0.07, 0.05])
def test_the_sendings_are_spread_up_to_the_last_moment(show, seconds):
    when = show.at(seconds)
    (number,) = show.conductor.scene(AB, effect=2, when=when)
    sent = show.edges_until(when.at_us + 200_000)
    assert [(datagram.edge, datagram.apply_at_us) for datagram in sent] == [(number, when.at_us)] * 3
    first, second, third = (when.at_us - datagram.hub_now_us for datagram in sent)
    longest = min(seconds * 1_000_000 - APPLY_AHEAD_US, SPREAD_US)
    assert longest - TICK_US <= first - APPLY_AHEAD_US <= longest
    assert 0 < third <= APPLY_AHEAD_US
    assert abs((first - second) - (second - third)) <= TICK_US


def test_no_state_reveals_a_cue_and_the_next_after_its_moment_has_it(show):
    show.conductor.param(A, {"hue": 1})
    when = show.at(0.5)
    (number,) = show.conductor.scene(B, effect=2, when=when)
    show.conductor.param(A, {"hue": 9})
    states = [datagram for datagram in show.run_until(when.at_us + 200_000) if datagram.kind == packets.STATE]
    effects = {state.payload[packets.STATE_BLOCK_B_AT] for state in states if state.apply_at_us < when.at_us}
    assert effects == {0}
    later = [state for state in states if state.apply_at_us >= when.at_us]
    assert {(state.payload[packets.STATE_BLOCK_B_AT], state.state_edge) for state in later} == {(2, number)}
    assert later[0].apply_at_us - when.at_us <= APPLY_AHEAD_US


def test_what_is_wanted_is_what_is_sent_in_the_order_of_moments(show):
    show.conductor.param(A, {"hue": 7}, when=show.at(0.4))
    show.conductor.param(A, {"hue": 5, "speed": 5}, when=show.at(0.2))
    show.conductor.param(A, {"hue": 3, "blur": 3})
    for seconds, expected in ((0.1, (3, 128, 3)), (0.2, (5, 5, 3)), (0.2, (7, 5, 3))):
        show.run_until(show.hand.us + round(seconds * 1_000_000))
        wanted, sent = show.conductor.wanted.a, show.conductor.tutti.sent.a
        assert (wanted.hue, wanted.speed, wanted.blur) == expected
        assert wanted == sent


def test_a_cue_leaves_open_what_an_earlier_one_will_have_set(show):
    show.conductor.scene(A, effect=1, palette=6, when=show.at(0.3))
    show.conductor.scene(A, effect=2, when=show.at(0.4))
    show.conductor.scene(A, effect=3, when=show.at(0.2))
    show.run_until(show.hand.us + 350_000)
    assert (show.conductor.wanted.a.effect, show.conductor.wanted.a.palette) == (1, 6)
    show.run_until(show.hand.us + 100_000)
    assert (show.conductor.wanted.a.effect, show.conductor.wanted.a.palette) == (2, 6)


def test_of_two_for_one_microsecond_the_later_command_wins(show):
    when = show.at(0.2)
    show.conductor._number = 65_534
    numbers = [show.conductor.scene(A, effect=effect, when=when)[0] for effect in (1, 2, 3)]
    assert numbers == [65_535, 1, 2]
    show.run_until(when.at_us)
    assert show.conductor.tutti.sent.a.effect == show.conductor.wanted.a.effect == 3


def test_a_moment_that_is_over_is_now(show):
    (number,) = show.conductor.scene(A, effect=1, when=When(at_us=show.hand.us - 5_000_000))
    first, _ = show.tick()
    assert (first.edge, first.apply_at_us) == (number, first.hub_now_us + APPLY_AHEAD_US)


def test_a_flood_of_changes_delays_no_cue(show):
    when = show.at(0.7)
    (cue,) = show.conductor.scene(B, effect=2, when=when)
    sent = []
    while show.hand.us < when.at_us:
        while show.conductor.tutti.backlog() < 20:
            show.conductor.scene(A, effect=1)
        sent += [datagram for datagram in show.tick() if datagram.kind in EDGES and datagram.edge == cue]
    assert {datagram.apply_at_us for datagram in sent} == {when.at_us}
    ahead_us = [when.at_us - datagram.hub_now_us - APPLY_AHEAD_US for datagram in sent]
    for wanted_us, actual_us in zip((SPREAD_US, SPREAD_US // 2, 0), ahead_us, strict=True):
        assert wanted_us - 4 * TICK_US <= actual_us <= wanted_us


def test_a_cancelled_cue_is_never_sent_and_one_on_its_way_cannot_be(show):
    when = show.at(1.0)
    (number,) = show.conductor.scene(A, effect=2, when=when)
    show.tick()
    assert show.conductor.cancel(number) == [number]
    (number,) = show.conductor.scene(A, effect=3, when=when)
    sent = show.edges_until(when.at_us - 400_000)
    with pytest.raises(NotPlannedError):
        show.conductor.cancel(number)
    sent += show.edges_until(when.at_us + 200_000)
    assert {datagram.edge for datagram in sent} == {number}
    assert show.conductor.wanted.a.effect == 3
    with pytest.raises(NotPlannedError):
        show.conductor.cancel(number)


def test_there_is_room_for_so_many_cues_and_one_can_make_room(show):
    numbers = [show.conductor.master(value=value, when=show.at(1))[0] for value in range(MAX_PLANNED)]
    with pytest.raises(ShowBusyError) as caught:
        show.conductor.master(value=1, when=show.at(1))
    assert caught.value.limit == MAX_PLANNED
    show.conductor.cancel(numbers[3])
    show.conductor.master(value=1, when=show.at(1))


def test_32_cues_of_one_moment_all_go_out_three_times(show):
    when = show.at(1)
    for value in range(MAX_PLANNED):
        show.conductor.master(value=value, when=when)
    sent = show.edges_until(when.at_us + 500_000)
    assert len(sent) == 3 * MAX_PLANNED
    assert {datagram.apply_at_us for datagram in sent} == {when.at_us}
    assert len({datagram.edge for datagram in sent if datagram.hub_now_us < when.at_us - APPLY_AHEAD_US}) == MAX_PLANNED


class TestOnTheBeat:
    def test_a_cue_without_a_beat_is_refused(self, show):
        with pytest.raises(NoBeatError):
            show.conductor.next_beat(4)

    @pytest.mark.parametrize("every", [1, 4, 32])
    def test_it_applies_in_the_microsecond_of_the_beat(self, show, every):
        show.clock.set_tempo(127.31)
        show.hand.forward(12.345)
        when = show.conductor.next_beat(every)
        show.conductor.scene(A, effect=1, when=when)
        sent = show.edges_until(show.hand.us + 20_000_000)
        (at_us,) = {datagram.apply_at_us for datagram in sent}
        assert show.clock.beat_at(at_us) == Beat(12731, 0, when.beat)
        assert show.clock.beat_at(at_us - 1).beat == when.beat - 1
        assert when.beat % every == 0

    def test_it_moves_with_the_tempo_while_it_is_held(self, show):
        show.clock.set_tempo(60)
        show.hand.forward(1)
        show.conductor.scene(A, effect=1, when=show.conductor.next_beat(8))
        show.run_until(show.hand.us + 3_000_000)
        show.clock.set_tempo(200)
        sent = show.edges_until(show.hand.us + 6_000_000)
        (at_us,) = {datagram.apply_at_us for datagram in sent}
        assert show.clock.beat_at(at_us) == Beat(20000, 0, 8)
        assert show.clock.beat_at(at_us - 1).beat == 7

    def test_it_waits_for_another_bar_when_its_beat_is_left_out(self, show):
        show.clock.set_tempo(60)
        show.hand.us = show.clock.time_of_beat(5) + 300_000
        show.conductor.scene(A, effect=1, when=show.conductor.next_beat(4))
        show.tick()
        show.clock.downbeat()  # beat 5 becomes 8, which never begins
        sent = show.edges_until(show.hand.us + 6_000_000)
        (at_us,) = {datagram.apply_at_us for datagram in sent}
        assert show.clock.beat_at(at_us) == Beat(6000, 0, 12)

    def test_it_comes_at_once_when_the_beat_ends(self, show):
        show.clock.set_tempo(60)
        show.conductor.scene(A, effect=1, when=show.conductor.next_beat(64))
        show.tick()
        show.clock.set_tempo(0)
        assert show.tick()[0].kind == packets.SCENE_CHANGE
