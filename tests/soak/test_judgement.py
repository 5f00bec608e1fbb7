"""The rules of a soak: growth is found where there is some and only there; each rule can be broken."""

import random
from types import SimpleNamespace

import pytest

from tests.soak import judgement
from tests.soak.run import Restart
from tests.soak.sampling import Sample


def series(seconds, per_hour_mb, level=60.0, noise=0.05, begins=0.0):
    chance = random.Random(1)
    return [
        (begins + at, level + per_hour_mb * at / 3600 + chance.gauss(0, noise)) for at in range(0, round(seconds), 5)
    ]


@pytest.mark.parametrize("per_hour", [0.0, 2.0, -1.0])
def test_the_slope_is_found_in_noise(per_hour):
    found = judgement.growth([series(3600, per_hour)])
    assert found.per_hour == pytest.approx(per_hour, abs=0.1)


def test_neither_a_restart_nor_an_outlier_is_growth():
    first, second = series(1800, 0.0, 80.0), series(1800, 0.0, 60.0, begins=1800)
    first[200] = (first[200][0], 500.0)
    assert judgement.growth([first, second]).per_hour == pytest.approx(0, abs=0.1)


def test_the_first_minutes_are_left_out():
    warming = [(at, 40 + min(at, 1150) * 0.02) for at in range(0, 3600, 5)]
    assert judgement.growth([warming]).per_hour == 0


def test_too_little_to_say():
    assert judgement.growth([[], [(0.0, 5.0)]]) is None


def soak(**changes):
    """An hour without a fault."""
    hub = {"tick_late_us_p99": 300, "ticks": 360_000, "skipped_ticks": 0, "record_failures": 0}
    node = {"fps_a": 120.0, "fps_b": 120.0, "torn": 0, "rss_mb": 4.0, "heap_free": 80_000}
    samples = [
        Sample(at, 0, {**hub, "hub_rss_mb": level}, [dict(node), dict(node)], [True, True])
        for at, level in series(3600, 0.0)
    ]
    return SimpleNamespace(**{"samples": samples, "restarts": [], "crashes": [], **changes})


def broken(run):
    return [rule.name for rule in judgement.judge(run).rules if not rule.kept]


def test_a_calm_hour_keeps_every_rule():
    assert broken(soak()) == []


def slow(run, count):
    for sample in run.samples[:count]:
        sample.nodes[0]["fps_b"] = 60.0
    return run


def test_a_slow_strip():
    assert broken(slow(soak(), 100)) == ["node samples below 80 FPS"]
    assert broken(slow(soak(), 3)) == []


def test_a_restarted_node_may_be_slow_until_it_has_settled():
    run = slow(soak(), 100)
    for sample in run.samples[:100]:
        sample.settled = [False, True]
    assert broken(run) == []


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("tick_late_us_p99", 1500, "tick lateness p99 (median)"),
        ("skipped_ticks", 4000, "ticks skipped"),
        ("record_failures", 1, "record batches not kept"),
    ],
)
def test_the_hub_s_figures(column, value, rule):
    run = soak()
    for sample in run.samples:
        sample.hub[column] = value
    assert broken(run) == [rule]


def test_growth_of_hub_and_of_a_node_s_heap():
    run = soak()
    for sample, (_, level) in zip(run.samples, series(3600, 4.0), strict=True):
        sample.hub["hub_rss_mb"] = level
        sample.nodes[1]["heap_free"] -= round(sample.at_s * 10)
    assert broken(run) == ["growth of hub", "growth of node 2 heap"]


def test_crashes_and_slow_returns():
    late = [Restart(100.0, "node 1", 12.0), Restart(900.0, "hub", 2.0)]
    assert broken(soak(crashes=["node: died"], restarts=late)) == ["crashes", "all play after a node's restart"]


def test_a_run_without_samples_is_no_success():
    assert broken(soak(samples=[])) == ["samples"]
