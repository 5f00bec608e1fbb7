"""Recorded delays: read, written, played back."""

import pytest

from lightwave_sim.trace import DOWN, UP, Recorder, TraceAir, TraceError, read_trace


def test_what_was_recorded_is_read_and_played_back(tmp_path):
    path = tmp_path / "air.csv"
    recorder = Recorder(path)
    recorder.note(DOWN, 10.0, [10.0015])
    recorder.note(UP, 10.1, [10.102])
    recorder.note(DOWN, 10.2, [])
    recorder.note(DOWN, 10.3, [10.3005, 10.3007])
    recorder.close()
    trace = read_trace(path)
    assert trace == {DOWN: [0.0015, None, 0.0005, 0.0007], UP: [0.002]}
    air = TraceAir(trace[DOWN], 0.5)
    assert [air.fates(1.0) for _ in range(5)] == [[1.0005], [1.0007], [1.0015], [], [1.0005]]


def test_tcp_takes_the_delays_of_what_arrived_and_stays_in_order():
    air = TraceAir([0.5, None, 0.1], 0.0)
    assert [air.arrival_in_order_s(now_s) for now_s in (1.0, 1.1, 2.0)] == [1.5, 1.5, 2.5]


BAD = {
    "": "line 1: must be direction,delay_us",
    "direction,delay\n": "line 1: must be direction,delay_us",
    "direction,delay_us\ndown,5\n": "no datagram arrives in direction up",
    "direction,delay_us\nup,5\nsideways,5\n": "line 3: must be down or up",
    "direction,delay_us\nup,-5\n": "line 2: delay_us must be 0..60000000 or empty, not '-5'",
    "direction,delay_us\nup,60000001\n": "line 2: delay_us must be",
    "direction,delay_us\nup,1,2\n": "line 2: must be down or up, a comma and a delay",
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
