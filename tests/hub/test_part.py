"""Conductor and part: which datagrams a show becomes, tick by tick."""

import pytest

from lightwave import packets
from lightwave.constants import APPLY_AHEAD_US
from lightwave_hub.conductor import CHANNELS, Conductor
from lightwave_hub.errors import ShowBusyError
from lightwave_hub.part import MAX_WAITING, Block, Scores
from lightwave_hub.show_clock import Beat, ShowClock
from tests.hub.support import decode

A, B, AB = CHANNELS["a"], CHANNELS["b"], CHANNELS["ab"]
TICK_US = 10_000
SILENCE = Beat(0, 0, 0)


@pytest.fixture
def show(clock):
    return ShowClock(lambda: clock.us * 1000)


@pytest.fixture
def conductor(show):
    return Conductor(Scores(Block(), Block(), 255), show)


class Ticks:
    """What all nodes hear, tick after tick, by a clock turned by hand."""

    def __init__(self, conductor, clock):
        self.conductor = conductor
        self.clock = clock

    @property
    def now_us(self):
        return self.clock.us

    def next(self, beat=SILENCE):
        self.clock.us += TICK_US
        self.conductor.parts.fill(self.now_us, beat)
        return [decode(datagram) for datagram in self.conductor.tutti.datagrams]

    def take(self, count, beat=SILENCE):
        return [datagram for _ in range(count) for datagram in self.next(beat)]


@pytest.fixture
def ticks(conductor, clock):
    ticks = Ticks(conductor, clock)
    assert [datagram.kind for datagram in ticks.next()] == [packets.STATE], "the first tick tells the whole state"
    return ticks


def block_of(payload, at):
    return Block(
        int.from_bytes(payload[at : at + 2], "little"),
        int.from_bytes(payload[at + 2 : at + 4], "little"),
        *payload[at + 4 : at + 11],
    )


def edges(datagrams):
    return [datagram for datagram in datagrams if datagram.kind in (packets.PARAM_DELTA, packets.SCENE_CHANGE)]


def test_an_edge_goes_out_three_times_with_one_id_and_one_apply_at(conductor, ticks):
    (number,) = conductor.scene(AB, effect=2, palette=1, fade_ms=250)
    sent = edges(ticks.take(6))
    first_us = sent[0].hub_now_us
    assert [datagram.hub_now_us for datagram in sent] == [first_us, first_us + TICK_US, first_us + 2 * TICK_US]
    assert {(datagram.kind, datagram.edge) for datagram in sent} == {(packets.SCENE_CHANGE, number)}
    assert {datagram.apply_at_us for datagram in sent} == {first_us + APPLY_AHEAD_US}
    assert len({datagram.payload for datagram in sent}) == 1


def test_the_bytes_of_an_edge(conductor, ticks):
    conductor.scene(B, effect=0x0102, palette=0x0304, params={"hue": 7, "mirror": True}, fade_ms=0x0506)
    payload = ticks.next()[0].payload
    assert payload[: packets.EDGE_SIZE].hex() == "01000200ff01060502010403ff808007ff000300"
    assert payload[packets.EDGE_SIZE :] == bytes(16)


def test_a_silent_stream_is_heartbeats_and_states(ticks):
    kinds = [datagram.kind for datagram in ticks.take(100)]
    assert set(kinds) == {packets.HEARTBEAT, packets.STATE}
    assert kinds.count(packets.STATE) == 10


def test_a_beat_fills_the_ticks(ticks):
    sent = ticks.take(5, Beat(12000, 0x8000, 9))
    assert {datagram.kind for datagram in sent} == {packets.BEAT_TICK}
    assert sent[0].payload[: packets.BEAT_SIZE].hex() == "e02e008009000000"
    assert sent[0].payload[packets.BEAT_SIZE :] == bytes(28)
    assert sent[0].apply_at_us == sent[0].hub_now_us + APPLY_AHEAD_US


def test_state_comes_at_least_every_200_ms_whatever_else_is_sent(conductor, ticks):
    last_us = ticks.now_us
    for number in range(300):
        conductor.param(A, {"hue": number % 256, "speed": number % 7} if number % 2 else {"hue": number % 256})
        sent = ticks.next()
        assert len(sent) <= 4
        if any(datagram.kind == packets.STATE for datagram in sent):
            assert ticks.now_us - last_us <= 200_000
            last_us = ticks.now_us
    assert ticks.now_us - last_us <= 200_000


def test_state_is_what_the_edges_made_it(conductor, ticks):
    conductor.scene(A, effect=1, palette=1, params={"brightness": 9})
    conductor.param(B, {"hue": 44, "enabled": False})
    numbers = conductor.master(value=80, lit=False)
    state = next(datagram for datagram in ticks.take(20) if datagram.kind == packets.STATE)
    assert state.state_edge == numbers[-1]
    assert (state.payload[packets.STATE_MASTER_AT], state.payload[packets.STATE_FLAGS_AT]) == (80, 0)
    assert block_of(state.payload, packets.STATE_BLOCK_A_AT) == Block(effect=1, palette=1, brightness=9)
    assert block_of(state.payload, packets.STATE_BLOCK_B_AT) == Block(hue=44, flags=0)


def test_a_state_waits_for_a_tick_without_edges_and_then_follows_them_at_once(conductor, ticks):
    ticks.take(8)
    (number,) = conductor.scene(A, effect=2)
    sent = [ticks.next() for _ in range(6)]
    kinds = [[datagram.kind for datagram in tick] for tick in sent]
    scene, state, silence = [packets.SCENE_CHANGE], [packets.STATE], [packets.HEARTBEAT]
    assert kinds == [scene, scene, scene, state, silence, silence]
    assert sent[3][0].state_edge == number


def test_a_state_contains_the_edges_of_its_own_tick(conductor, ticks):
    for effect in range(100):
        (number,) = conductor.scene(A, effect=effect)
        sent = ticks.next()
        if sent[-1].kind == packets.STATE:
            launched = [datagram for datagram in edges(sent) if datagram.apply_at_us == sent[-1].apply_at_us]
            assert not launched or launched[-1].edge == sent[-1].state_edge
            assert sent[-1].state_edge == conductor.history[-1].edge.number
            break
    else:
        raise AssertionError("no STATE among the edges")


def test_channels_that_differ_get_an_edge_each_in_the_same_tick(conductor, ticks):
    conductor.param(B, {"hue": 99})
    ticks.take(3)
    conductor.scene(AB, effect=1)
    first, second = edges(ticks.next())
    assert first.apply_at_us == second.apply_at_us
    assert [datagram.payload[packets.EDGE_CHANNELS_AT] for datagram in (first, second)] == [A, B]
    assert [block_of(datagram.payload, packets.EDGE_BLOCK_AT).hue for datagram in (first, second)] == [0, 99]


def test_at_most_three_edges_fly_at_once_and_the_others_wait_in_order(conductor, ticks):
    numbers = [conductor.scene(A, effect=effect)[0] for effect in range(7)]
    sent = [[datagram.edge for datagram in edges(ticks.next())] for _ in range(9)]
    assert sent == [numbers[:3]] * 3 + [numbers[3:6]] * 3 + [numbers[6:]] * 3


def test_a_dragged_slider_sends_only_its_newest_place(conductor, ticks):
    for effect in range(3):
        conductor.scene(B, effect=effect)
    ticks.next()
    for hue in range(50):
        newest = conductor.param(A, {"hue": hue})
        ticks.next() if hue == 0 else None
    sent = edges(ticks.take(10))
    last = [datagram for datagram in sent if datagram.payload[packets.EDGE_CHANNELS_AT] == A]
    assert [datagram.edge for datagram in last] == newest * 3
    assert block_of(last[0].payload, packets.EDGE_BLOCK_AT).hue == 49


def test_scenes_are_never_coalesced(conductor, ticks):
    for effect in range(5):
        conductor.scene(A, effect=effect)
    assert len({datagram.edge for datagram in edges(ticks.take(10))}) == 5


def test_too_many_waiting_changes_are_refused_and_change_nothing(conductor):
    for effect in range(MAX_WAITING):
        conductor.scene(A, effect=effect)
    with pytest.raises(ShowBusyError) as caught:
        conductor.scene(A, effect=999)
    assert caught.value.limit == MAX_WAITING
    assert conductor.wanted.a.effect == MAX_WAITING - 1


def test_edge_ids_wrap_and_skip_zero(conductor):
    conductor._number = 65533
    numbers = [conductor.scene(A, effect=1)[0] for _ in range(4)]
    assert numbers == [65534, 65535, 1, 2]


@pytest.mark.parametrize(
    ("value", "lit", "mask", "flags"), [(80, None, 0x004, 0), (None, False, 0x100, 0), (80, True, 0x104, 1)]
)
def test_master_is_an_edge_of_its_own_channel(conductor, ticks, value, lit, mask, flags):
    conductor.master(value=value, lit=lit)
    payload = ticks.next()[0].payload
    assert payload[packets.EDGE_CHANNELS_AT] == packets.CHANNEL_MASTER
    assert int.from_bytes(payload[packets.EDGE_MASK_AT : packets.EDGE_MASK_AT + 2], "little") == mask
    block = block_of(payload, packets.EDGE_BLOCK_AT)
    assert (block.brightness, block.flags) == (value or 0, flags)
