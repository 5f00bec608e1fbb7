"""The table of nodes and its state machine, on a clock turned by hand."""

import pytest

from lightwave_hub.errors import TableFullError
from lightwave_hub.node import State
from lightwave_hub.registry import NodeTable
from tests.hub.support import hello, keepalive, mac


@pytest.fixture
def table(clock):
    return NodeTable(4, clock)


@pytest.fixture
def changes(table):
    seen = []
    table.subscribe(lambda change: seen.append((change.node.node_id, change.old, change.new)))
    return seen


def join(table, number=1):
    node = table.hello(hello(mac=mac(number)), "10.0.0.1")
    table.welcomed(node)
    return node


def ready(table, clock, number=1):
    node = join(table, number)
    clock.forward(1)
    table.keepalive(node, keepalive(ticks=100))
    assert node.state is State.READY
    return node


def test_the_way_to_ready(table, clock, changes):
    node = table.hello(hello(), "10.0.0.1")
    assert (node.state, node.node_id, len(node.token)) == (State.PENDING, 1, 32)
    table.welcomed(node)
    clock.forward(0.5)
    table.keepalive(node, keepalive(locked=False, state="syncing", ticks=40))
    assert (node.state, node.reasons) == (State.AUTHED, ("no time lock",))
    clock.forward(0.25)
    table.keepalive(node, keepalive(ticks=60))
    assert (node.state, node.reasons, node.lock_ms) == (State.READY, (), 750)
    assert changes[-1] == (1, State.AUTHED, State.READY)


def test_a_node_s_repr_shows_no_secret(table):
    node = join(table)
    assert node.mac in repr(node)
    assert node.token not in repr(node) and str(node.token_hash) not in repr(node)


def test_locked_without_ticks_is_never_ready(table, clock):
    node = join(table)
    for _ in range(5):
        clock.forward(1)
        table.keepalive(node, keepalive(ticks=0))
    assert (node.state, node.reasons) == (State.AUTHED, ("stream does not arrive",))


def test_welcome_alone_is_never_ready(table, clock):
    node = join(table)
    clock.forward(1)
    table.sweep()
    assert node.state is State.AUTHED


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        ({"drift_us": 3001}, "drift above 3000 us"),
        ({"loss_pct": 2.1}, "loss above 2 %"),
        ({"ticks": 100}, "stream does not arrive"),
        ({"locked": False}, "no time lock"),
        ({"state": "fallback"}, "node says fallback"),
        ({"state": "updating"}, "node says updating"),
    ],
)
def test_a_report_degrades_and_the_next_good_one_heals(table, clock, report, reason):
    node = ready(table, clock)
    clock.forward(1)
    table.keepalive(node, keepalive(**{"ticks": 200, **report}))
    assert (node.state, node.reasons) == (State.DEGRADED, (reason,))
    clock.forward(1)
    table.keepalive(node, keepalive(ticks=300))
    assert (node.state, node.reasons) == (State.READY, ())


@pytest.mark.parametrize("report", [{"drift_us": 3000}, {"loss_pct": 2.0}])
def test_a_limit_itself_is_still_good(table, clock, report):
    node = ready(table, clock)
    clock.forward(1)
    table.keepalive(node, keepalive(ticks=200, **report))
    assert node.state is State.READY


def test_an_early_keepalive_proves_no_silence(table, clock):
    node = ready(table, clock)
    clock.forward(0.005)
    table.keepalive(node, keepalive(ticks=100))
    assert node.state is State.READY


def test_missed_keepalives_degrade_then_lose_then_forget(table, clock, changes):
    node = ready(table, clock)
    clock.forward(1.5)
    table.sweep()
    assert node.state is State.READY
    clock.forward(0.1)
    table.sweep()
    assert (node.state, node.reasons) == (State.DEGRADED, ("keepalive missed",))
    clock.forward(1.9)
    table.sweep()
    assert (node.state, node.reasons) == (State.LOST, ("no keepalive for 3500 ms",))
    clock.forward(9.9)
    table.sweep()
    assert table.nodes() == [node]
    clock.forward(0.1)
    table.sweep()
    assert table.nodes() == []
    assert changes[-3:] == [
        (1, State.READY, State.DEGRADED),
        (1, State.DEGRADED, State.LOST),
        (1, State.LOST, None),
    ]


def test_disconnecting_loses(table, clock):
    node = ready(table, clock)
    table.disconnected(node)
    assert (node.state, node.reasons) == (State.LOST, ("connection closed",))
    table.keepalive(node, keepalive(ticks=500))
    assert node.state is State.LOST


def test_a_lost_mac_returns_with_its_id_and_a_new_token(table, clock):
    old = ready(table, clock)
    table.disconnected(old)
    clock.forward(5)
    new = join(table)
    assert (new.node_id, new.sessions, new.state) == (old.node_id, 2, State.AUTHED)
    assert new.token != old.token
    assert table.nodes() == [new]
    clock.forward(6)
    table.keepalive(new, keepalive())
    table.sweep()
    assert table.nodes() == [new], "the old session's end must not forget the new one"


def test_a_forgotten_mac_gets_the_lowest_free_id(table, clock):
    nodes = [join(table, number) for number in (1, 2, 3)]
    table.disconnected(nodes[1])
    clock.forward(10)
    for node in (nodes[0], nodes[2]):
        node.last_seen_us = clock.us
    table.sweep()
    assert join(table, 9).node_id == 2


def test_the_newer_connection_wins(table, clock, changes):
    old = ready(table, clock)
    new = join(table)
    assert (old.state, old.reasons) == (State.LOST, ("another connection with its MAC",))
    assert (new.state, new.node_id) == (State.AUTHED, old.node_id)
    table.keepalive(old, keepalive(ticks=999))
    table.disconnected(old)
    assert new.state is State.AUTHED
    assert changes[-3:] == [
        (1, State.READY, State.LOST),
        (1, State.LOST, State.PENDING),
        (1, State.PENDING, State.AUTHED),
    ]


def test_a_hello_overtaken_before_its_welcome_is_lost_too(table):
    old = table.hello(hello(), "10.0.0.1")
    new = table.hello(hello(), "10.0.0.1")
    table.welcomed(old)
    assert (old.state, new.state) == (State.LOST, State.PENDING)


def test_a_full_table_refuses_newcomers_but_gives_up_the_lost(table, clock):
    nodes = [join(table, number) for number in range(1, 5)]
    with pytest.raises(TableFullError) as caught:
        join(table, 5)
    assert caught.value.limit == 4
    table.disconnected(nodes[2])
    assert join(table, 5).node_id == 3
    assert {node.mac for node in table.nodes()} == {mac(1), mac(2), mac(4), mac(5)}


def test_counting(table, clock):
    ready(table, clock, 1)
    table.disconnected(join(table, 2))
    assert table.count() == {State.READY: 1, State.LOST: 1}
