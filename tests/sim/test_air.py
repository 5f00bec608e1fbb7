"""The model of WiFi, by virtual time: its figures are those of its profile, and a seed repeats them."""

import itertools
import math
import statistics

import pytest

from lightwave_sim.air import BEACON_S, PROFILES, RETRANSMISSION_S, Air, Weather

PERIOD_S = 0.01
COUNT = 60_000


def delays(weather, *, seed="1", count=COUNT, period_s=PERIOD_S, **options):
    """Of each datagram sent, the delays of its copies."""
    air = Air(weather, seed, **options)
    return [[arrival_s - number * period_s for arrival_s in air.fates(number * period_s)] for number in range(count)]


def arrived(fates):
    return [delay for copies in fates for delay in copies]


def test_delays_are_log_normal():
    logarithms = [math.log(delay) for delay in arrived(delays(Weather(delay_ms=2, delay_sigma=0.5)))]
    assert math.exp(statistics.mean(logarithms)) == pytest.approx(0.002, rel=0.02)
    assert statistics.stdev(logarithms) == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize("name", PROFILES)
def test_loss_is_the_profile_s(name):
    fates = delays(PROFILES[name])
    lost_pct = 100 * sum(not copies for copies in fates) / COUNT
    assert lost_pct == pytest.approx(PROFILES[name].mean_loss_pct(), rel=0.25)


def test_fades_lose_in_runs():
    fates = delays(Weather(fade_every=100, fade_length=5, fade_loss_pct=100))
    runs = [len(list(run)) for lost, run in itertools.groupby(not copies for copies in fates) if lost]
    assert statistics.mean(runs) == pytest.approx(5, rel=0.15)


def test_what_is_not_reordered_stays_in_order():
    weather = Weather(delay_ms=20, delay_sigma=1)
    arrivals = [number * PERIOD_S + delay for number, (delay,) in enumerate(delays(weather))]
    assert arrivals == sorted(arrivals)


def test_some_let_those_behind_them_pass():
    weather = Weather(delay_ms=10, reorder_pct=5)
    arrivals = [number * PERIOD_S + delay for number, (delay,) in enumerate(delays(weather))]
    passed = sum(later < earlier for earlier, later in itertools.pairwise(arrivals))
    assert passed / COUNT == pytest.approx(0.05, rel=0.15)


def test_some_come_twice():
    fates = delays(Weather(delay_ms=1, duplicate_pct=2))
    assert sum(len(copies) == 2 for copies in fates) / COUNT == pytest.approx(0.02, rel=0.15)


def test_a_stall_holds_back_everything_until_its_end():
    weather = Weather(delay_ms=1, stall_every_s=5, stall_ms=100)
    fates = [delay for (delay,) in delays(weather)]
    held = [delay > 0.0011 for delay in fates]
    assert max(fates) == pytest.approx(0.1, abs=0.002)
    # A tenth of a second in 5.1 s.
    assert sum(held) / COUNT == pytest.approx(0.1 / 5.1, rel=0.25)
    assert all(later < earlier for earlier, later in itertools.pairwise(fates) if earlier > 0.012)


def test_a_dozing_station_hears_with_the_beacon_and_speaks_at_once():
    weather = Weather(delay_ms=0.5, doze_every_s=1, doze_s=2)
    to_station = [number * PERIOD_S + delay for number, (delay,) in enumerate(delays(weather))]
    after_beacon = [(arrival - 0.0005) % BEACON_S for arrival in to_station]
    assert sum(min(after, BEACON_S - after) < 1e-6 for after in after_beacon) / COUNT > 0.5
    assert max(arrived(delays(weather, to_station=False))) < 0.001


def test_bursts_make_delays_longer():
    weather = Weather(delay_ms=1, burst_every_s=1, burst_ms=250, burst_factor=4)
    long_ones = [delay for delay in arrived(delays(weather)) if delay > 0.0039]
    assert len(long_ones) / COUNT == pytest.approx(0.2, rel=0.15)


def test_tcp_is_late_where_datagrams_are_lost_and_stays_in_order():
    air = Air(Weather(delay_ms=1, loss_pct=10), "1")
    arrivals = [air.arrival_in_order_s(number * 1.0) for number in range(2000)]
    late = sum(arrival - number > RETRANSMISSION_S for number, arrival in enumerate(arrivals))
    assert late / 2000 == pytest.approx(0.1, rel=0.25)
    assert arrivals == sorted(arrivals)


def test_a_seed_repeats_a_run_and_another_does_not():
    first, again, other = (delays(PROFILES["bad"], seed=seed, count=500) for seed in ("1", "1", "2"))
    assert first == again != other
