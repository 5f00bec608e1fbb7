"""Recorded delays: read, written, played back."""

import pytest

from lightwave_sim.air import PROFILES, Air
from lightwave_sim.trace import DOWN, UP, Recorder, TraceAir, TraceError, read_trace

PERIOD_S = 0.01


def test_what_was_recorded_is_read_again(tmp_path):
    path = tmp_path / "air.csv"
    recorder = Recorder(path)
    recorder.note(DOWN, 10.0, [10.0015])
    recorder.note(UP, 10.1, [10.102])
    recorder.note(DOWN, 10.2, [])
    recorder.note(DOWN, 10.3, [10.3007, 10.3005])
    recorder.close()
    assert read_trace(path) == {DOWN: [(0.0, 0.0015), (0.2, None), (0.3, 0.0005)], UP: [(0.1, 0.002)]}


def test_a_datagram_takes_the_delay_of_its_moment():
    air = TraceAir([(5.0, 0.5), (6.0, None), (7.0, 0.1)], 0.0, begin_s=100.0)
    fates = [air.fates(now_s) for now_s in (100.0, 100.9, 101.0, 102.0, 102.9, 103.0)]
    assert fates == [[100.5], [pytest.approx(101.4)], [], [102.1], [103.0], [103.5]]


def test_a_link_can_begin_elsewhere_in_the_trace():
    air = TraceAir([(0.0, 0.5), (1.0, 0.1)], 0.5, begin_s=100.0)
    assert [air.fates(now_s) for now_s in (100.0, 101.0)] == [[100.1], [101.5]]


def test_tcp_takes_the_delays_of_what_arrived_and_stays_in_order():
    air = TraceAir([(0.0, 0.5), (1.0, None), (2.0, 0.1)], 0.0, begin_s=0.0)
    assert [air.arrival_in_order_s(now_s) for now_s in (0.9, 1.0, 2.5)] == [1.4, 1.4, 2.6]


def test_played_back_the_model_s_bad_air_loses_and_reorders_no_more_than_it_did(tmp_path):
    """Datagrams sent between those that were recorded, as another run's are."""
    air, recorder = Air(PROFILES["bad"], "1"), Recorder(tmp_path / "air.csv")
    recorder.note(UP, 0.0, [0.0])
    first = [air.fates(number * PERIOD_S) for number in range(20_000)]
    for number, arrivals_s in enumerate(first):
        recorder.note(DOWN, number * PERIOD_S, arrivals_s)
    recorder.close()
    trace = read_trace(tmp_path / "air.csv")[DOWN]
    again = TraceAir(trace, 0.0, begin_s=0.004)
    second = [again.fates(number * PERIOD_S) for number in range(1, 20_000)]
    assert lost_pct(second) == pytest.approx(lost_pct(first), abs=0.1)
    assert passed_pct(second) == pytest.approx(passed_pct(first), abs=0.1)


def test_jitter_of_the_sender_lets_nothing_pass_what_arrived_together():
    held = TraceAir([(0.0, 0.03), (0.01, 0.020001), (0.02, 0.01), (0.03, 0.0)], 0.0, begin_s=0.0)
    (first,), (second,), (third,) = (held.fates(now_s) for now_s in (0.0004, 0.0102, 0.02))
    assert first <= second <= third


def lost_pct(fates):
    return 100 * sum(not arrivals_s for arrivals_s in fates) / len(fates)


def passed_pct(fates):
    """How many came after one that was sent later."""
    newest_s, passed = 0.0, 0
    for arrival_s in reversed([min(arrivals_s) for arrivals_s in fates if arrivals_s]):
        passed += bool(newest_s) and arrival_s > newest_s
        newest_s = min(newest_s, arrival_s) if newest_s else arrival_s
    return 100 * passed / len(fates)


HEAD = "direction,at_us,delay_us\n"
BAD = {
    "": "line 1: must be direction,at_us,delay_us",
    "direction,delay_us\n": "line 1: must be direction,at_us,delay_us",
    HEAD + "down,0,5\n": "no datagram arrives in direction up",
    HEAD + "down,0,5\nup,0,\n": "no datagram arrives in direction up",
    HEAD + "up,0,5\nsideways,0,5\n": "line 3: must be down or up",
    HEAD + "up,0,-5\n": "line 2: delay_us must be 0..60000000, not '-5'",
    HEAD + "up,0,60000001\n": "line 2: delay_us must be",
    HEAD + "up,,5\n": "line 2: at_us must be 0..86400000000, not ''",
    HEAD + "up,7,5\ndown,3,5\nup,6,5\n": "line 4: at_us must not be before",
    HEAD + "up,1,2,3\n": "line 2: must be down or up, a time and a delay",
}


@pytest.mark.parametrize("text", BAD)
def test_a_bad_trace_is_named_with_its_line(tmp_path, text):
    path = tmp_path / "air.csv"
    path.write_text(text)
    with pytest.raises(TraceError) as caught:
        read_trace(path)
    assert BAD[text] in str(caught.value) and "air.csv" in str(caught.value)


def test_a_trace_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TraceError, match=r"none\.csv: cannot be read"):
        read_trace(tmp_path / "none.csv")
