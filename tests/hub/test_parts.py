"""Nodes that play different things: what each of them hears when parts are divided, made one, darkened, restored."""

import pytest

from lightwave import packets
from lightwave.constants import APPLY_AHEAD_US
from lightwave_hub.conductor import CHANNELS, MAX_PLANNED, ROLL_CALL, When
from lightwave_hub.errors import NotPlannedError, ShowBusyError, TooManyPartsError
from lightwave_hub.part import MAX_WAITING, Block, Scores
from lightwave_hub.seating import MAX_PARTS, MAX_SEATED
from tests.hub.listeners import TICK_US, Stage, macs
from tests.hub.support import mac

A, B, AB = CHANNELS["a"], CHANNELS["b"], CHANNELS["ab"]


@pytest.fixture
def stage():
    return Stage(listeners=4)


def at(stage, seconds):
    return When(at_us=stage.hand.us + round(seconds * 1_000_000))


def sendings(listener, number):
    return [datagram for datagram in listener.edges if datagram.edge == number]


def test_a_command_for_some_is_heard_by_them_alone(stage):
    (number,) = stage.conductor.scene(AB, effect=2, nodes=macs(1, 3))
    stage.ticks(20)
    assert [len(sendings(stage.present[node], number)) for node in range(4)] == [0, 3, 0, 3]
    assert [stage.present[node].look[0].effect for node in range(4)] == [0, 2, 0, 2]
    assert stage.conductor.wanted.a.effect == 0
    assert [stage.conductor.wanted_by(mac(node)).a.effect for node in (0, 1, 9)] == [0, 2, 0]
    assert stage.parts() == 2


def test_a_common_command_has_one_number_and_moment_and_leaves_open_what_each_part_has(stage):
    stage.conductor.param(B, {"palette": 5, "mirror": 1}, nodes=macs(1))
    stage.ticks(3)
    numbers = stage.conductor.scene(AB, effect=7, params={"enabled": 0})
    stage.ticks(20)
    assert len(numbers) == 2, "in one part the channels differ, so they get an edge each in all"
    moments = [{number: listener.moments[number] for number in numbers} for listener in stage.present.values()]
    assert moments == [moments[0]] * 4
    assert [stage.present[node].look[1] for node in (0, 1)] == [
        Block(effect=7, flags=0),
        Block(effect=7, palette=5, flags=packets.FLAG_MIRROR),
    ]
    assert {listener.repairs for listener in stage.present.values()} == {0}


def test_a_node_that_leaves_its_part_hears_what_was_on_its_way_there_to_its_end(stage):
    (first,) = stage.conductor.scene(AB, effect=1)
    (later,) = stage.conductor.scene(AB, effect=2, when=at(stage, 0.3))
    stage.ticks(1)
    (own,) = stage.conductor.param(A, {"hue": 9}, nodes=macs(2))
    stage.run(0.5)
    heard = [[len(sendings(listener, number)) for number in (first, later, own)] for listener in stage.present.values()]
    assert heard == [[3, 3, 0], [3, 3, 0], [3, 3, 3], [3, 3, 0]]
    assert {listener.repairs for listener in stage.present.values()} == {0}


def test_what_is_planned_for_all_reaches_a_divided_part_at_its_moment(stage):
    stage.conductor.param(A, {"hue": 3}, nodes=macs(0, 1))
    when = at(stage, 1.5)
    (number,) = stage.conductor.scene(B, effect=6, when=when)
    stage.ticks(10)
    stage.conductor.param(A, {"hue": 4}, nodes=macs(1, 2))
    stage.run(1.6)
    assert [listener.moments[number] for listener in stage.present.values()] == [when.at_us] * 4
    assert [len(sendings(listener, number)) for listener in stage.present.values()] == [3] * 4
    assert [listener.look[1].effect for listener in stage.present.values()] == [6] * 4


def test_what_is_planned_is_cancelled_for_all_parts_or_for_none(stage):
    (gone,) = stage.conductor.scene(A, effect=5, when=at(stage, 1))
    (kept,) = stage.conductor.scene(B, effect=6, when=at(stage, 0.6))
    stage.conductor.param(A, {"hue": 4}, nodes=macs(2))
    stage.ticks(20)
    assert stage.conductor.cancel(gone) == [gone]
    with pytest.raises(NotPlannedError):
        stage.conductor.cancel(kept)
    stage.run(1.2)
    assert [listener.look[0].effect for listener in stage.present.values()] == [0] * 4
    assert [listener.look[1].effect for listener in stage.present.values()] == [6] * 4


def test_a_part_without_room_makes_a_common_change_wait_and_no_other(stage):
    for effect in range(1, 4):
        stage.conductor.scene(A, effect=effect, nodes=macs(0))
    stage.ticks(1)
    before = stage.conductor.param(A, {"blur": 1}, nodes=macs(1))
    common = stage.conductor.param(A, {"hue": 1})
    after = stage.conductor.param(A, {"hue": 2}, nodes=macs(1))
    stage.ticks(20)
    now_us = stage.present[0].edges[0].hub_now_us + TICK_US
    assert [stage.present[1].moments[number] - APPLY_AHEAD_US - now_us for (number,) in (before, common, after)] == [
        0,
        2 * TICK_US,
        2 * TICK_US,
    ]
    assert len({listener.moments[common[0]] for listener in stage.present.values()}) == 1
    assert [listener.look[0].hue for listener in stage.present.values()] == [1, 2, 1, 1]


def test_parts_that_have_become_alike_are_one_when_nothing_is_on_its_way(stage):
    stage.conductor.param(A, {"hue": 3}, nodes=macs(0, 1))
    stage.conductor.param(A, {"hue": 4}, nodes=macs(2))
    (number,) = stage.conductor.param(A, {"hue": 5})
    assert stage.parts() == 3, "their edges still fly"
    stage.ticks(10)
    assert stage.parts() == 1
    assert stage.conductor.snapshot()[1] == {}
    stage.ticks(10)
    newest = [
        next(datagram.state_edge for datagram in reversed(listener.heard) if datagram.kind == packets.STATE)
        for listener in stage.present.values()
    ]
    assert newest == [number] * 4
    stage.conductor.param(A, {"hue": 6}, nodes=macs(1))
    stage.ticks(10)
    assert [listener.look[0].hue for listener in stage.present.values()] == [5, 6, 5, 5]


def test_a_node_that_comes_back_plays_what_it_played(stage):
    stage.leave(1)
    stage.conductor.scene(A, effect=8, nodes=macs(1, 2, 77))
    stage.ticks(20)
    for number, effect in ((1, 8), (77, 8), (78, 0)):
        listener = stage.join(number)
        stage.ticks(20)
        assert listener.look[0].effect == effect
        assert not listener.edges


def test_a_command_for_no_nodes_does_nothing(stage):
    assert stage.conductor.scene(A, effect=8, nodes=frozenset()) == []
    stage.ticks(20)
    assert not any(listener.edges for listener in stage.present.values())


def test_there_are_so_many_parts_and_so_many_nodes_with_one(stage):
    for number in range(MAX_PARTS - 1):
        stage.conductor.param(A, {"hue": number + 1}, nodes=macs(number))
        stage.ticks(3)
    with pytest.raises(TooManyPartsError, match="64 different things"):
        stage.conductor.param(A, {"hue": 200}, nodes=macs(5, 100))
    assert stage.conductor.wanted_by(mac(5)).a.hue == 6
    stage.conductor.param(A, {"hue": 200}, nodes=macs(5, 6))
    stage.run(0.2)
    stage.conductor.param(A, {"hue": 201}, nodes=macs(100))
    with pytest.raises(TooManyPartsError, match=f"{MAX_SEATED} nodes"):
        Stage().conductor.param(A, {"hue": 1}, nodes=macs(*range(MAX_SEATED + 1)))


def test_each_group_has_room_for_its_own_cues(stage):
    when = at(stage, 1)
    for number in range(4):
        for hue in range(MAX_PLANNED):
            stage.conductor.param(A, {"hue": 10 * number + hue}, when=when, nodes=macs(number))
    with pytest.raises(ShowBusyError):
        stage.conductor.master(value=1, when=when)
    stage.run(1.2)
    assert [listener.look[0].hue for listener in stage.present.values()] == [31, 41, 51, 61]
    assert {listener.repairs for listener in stage.present.values()} == {0}


def test_a_flood_for_one_part_leaves_room_for_others(stage):
    for effect in range(MAX_WAITING):
        stage.conductor.scene(A, effect=effect, nodes=macs(0))
    with pytest.raises(ShowBusyError):
        stage.conductor.scene(A, effect=1)
    stage.conductor.scene(A, effect=1, nodes=macs(1, 2, 3))


class TestDark:
    def test_a_dark_node_stays_dark_and_goes_on_with_what_plays(self, stage):
        stage.conductor.set_dark(macs(1))
        stage.ticks(10)
        stage.conductor.master(value=90, lit=True)
        stage.conductor.scene(AB, effect=4)
        stage.ticks(20)
        lit, dark = stage.present[0], stage.present[1]
        assert (dark.look, dark.repairs) == ((*lit.look[:3], False), 0)
        stage.conductor.set_dark(frozenset())
        stage.ticks(10)
        assert stage.parts() == 1
        assert dark.look == lit.look == (Block(effect=4), Block(effect=4), 90, True)

    def test_the_blackout_of_all_outlasts_it(self, stage):
        stage.conductor.set_dark(macs(1))
        stage.conductor.master(lit=False)
        stage.conductor.set_dark(macs(2))
        stage.ticks(20)
        assert not any(listener.show.lit for listener in stage.present.values())
        stage.conductor.master(lit=True)
        stage.ticks(20)
        assert [listener.show.lit for listener in stage.present.values()] == [True, True, False, True]


class TestRestart:
    def test_a_snapshot_restored_is_the_same_show(self, stage):
        stage.conductor.scene(AB, effect=2, nodes=macs(1, 2))
        stage.conductor.param(B, {"hue": 7}, nodes=macs(3))
        stage.conductor.param(B, {"hue": 8}, nodes=macs(99))
        stage.conductor.master(value=40, lit=False)
        default, others = stage.conductor.snapshot()
        assert set(others) == macs(1, 2, 3, 99)
        again = Stage()
        again.conductor.restore(others, default)
        for number in range(4):
            again.join(number)
        again.ticks(20)
        stage.ticks(20)
        assert again.conductor.snapshot() == (default, others)
        assert [again.present[node].look for node in range(4)] == [stage.present[node].look for node in range(4)]
        again.conductor.param(A, {"hue": 1})
        again.ticks(20)
        assert again.present[1].look[0] == Block(effect=2, hue=1)
        assert again.parts() == 4

    def test_master_and_blackout_are_those_of_all(self):
        stage = Stage()
        stage.conductor.restore({mac(1): Scores(Block(hue=3), Block(), 9, lit=False)}, Scores(Block(), Block(), 80))
        assert stage.conductor.wanted_by(mac(1)).look == (Block(hue=3), Block(), 80, True)

    def test_listeners_are_told_of_every_command_when_it_is_done(self, stage):
        told = []
        stage.conductor.on_change.append(lambda: told.append(stage.conductor.wanted.master))
        stage.conductor.master(value=1)
        stage.conductor.scene(A, effect=1, nodes=macs(2))
        (number,) = stage.conductor.master(value=2, when=at(stage, 2))
        stage.conductor.cancel(number)
        stage.conductor.set_dark(macs(2))
        assert told == [1] * 5


def test_a_node_left_alone_for_65535_edges_takes_the_next_for_a_new_one(stage):
    (old,) = stage.conductor.param(A, {"hue": 1}, nodes=macs(1))
    stage.ticks(5)
    for begin in (ROLL_CALL, 2 * ROLL_CALL, 3 * ROLL_CALL):  # other nodes use up the numbers
        stage.conductor._number = begin - 2
        for hue in range(3):
            stage.conductor.param(A, {"hue": hue}, nodes=macs(2))
        stage.ticks(8)
    listener = stage.present[1]
    assert [number for number in listener.moments if number != old] == [ROLL_CALL, 2 * ROLL_CALL, 3 * ROLL_CALL]
    listener.moments.clear()
    stage.conductor._number = old - 1
    (new,) = stage.conductor.param(A, {"hue": 99}, nodes=macs(1))
    stage.ticks(8)
    assert new == old
    assert (listener.look[0].hue, listener.repairs) == (99, 0)
