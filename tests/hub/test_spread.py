"""The estimate of how far apart frames start, from what nodes report."""

import itertools
import math
import random

import pytest

from lightwave_hub import spread
from lightwave_hub.registry import NodeTable
from tests.hub.support import hello, keepalive, mac


@pytest.fixture
def join(clock):
    """Makes a node that reports (start_us_p99, clock_bound_us); gives all nodes."""
    table = NodeTable(64, clock)

    def add(*reports, **changes):
        for start_us, bound_us in reports:
            node = table.hello(hello(mac=mac(len(table))), "10.0.0.1")
            table.welcomed(node)
            stats = {} if start_us is None else {"start_us_p99": start_us}
            bound = {} if bound_us is None else {"clock_bound_us": bound_us}
            table.keepalive(node, keepalive(stats=stats, **bound, **changes))
        return table.nodes()

    return add


def test_the_worst_pair_counts(join):
    nodes = join((30, 100), (10, 40), (200, 20))
    assert spread.estimate(nodes) == {"spread_us": {"p99": 224, "max": 320}, "nodes": 3, "left_out": []}


def test_it_is_the_maximum_over_all_pairs(join):
    random_ = random.Random(5)
    reports = [(random_.randrange(300), random_.randrange(300)) for _ in range(20)]
    pairs = list(itertools.permutations(reports, 2))
    estimate = spread.estimate(join(*reports))["spread_us"]
    assert estimate["max"] == max(start + bound + other for (start, bound), (_, other) in pairs)
    squares = max(start**2 + bound**2 + other**2 for (start, bound), (_, other) in pairs)
    assert estimate["p99"] == round(math.sqrt(squares))


@pytest.mark.parametrize("reports", [[], [(30, 100)], [(30, 100), (10, None)], [(30, 100), (None, 5)]])
def test_fewer_than_two_say_nothing(join, reports):
    assert spread.estimate(join(*reports))["spread_us"] is None


def test_nodes_that_say_nothing_or_are_not_locked_are_named(join):
    join((30, 100), (None, 7), (5, 100), (10, None))
    nodes = join((1, 1), locked=False)
    assert spread.estimate(nodes) == {"spread_us": {"p99": 145, "max": 230}, "nodes": 2, "left_out": [2, 4, 5]}
