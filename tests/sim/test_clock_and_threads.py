"""Time and threads behave as on the board: 2^30 ticks, a skewed crystal, RTOS ticks, a GIL that is fair."""

from __future__ import annotations

import time

import pytest

from lightwave_sim import NodeCrashed
from tests.sim.conftest import RunScript

TICKS = 1 << 30


def test_numbers_are_those_of_a_32_bit_board(run_script: RunScript, sim_build) -> None:
    node = run_script("""
        import sys, time
        print("width", sys.maxsize, 16777216.0 + 1.0 == 16777216.0)
        print("wrap", time.ticks_add((1 << 30) - 1, 1))
    """)
    width = node.wait_for(r"width (\d+) (\w+)")
    assert int(width[1]).bit_length() == sim_build.bits - 1
    assert width[2] == "True"  # float32 has no room for 2^24 + 1
    assert node.wait_for(r"wrap (\d+)")[1] == "0"


def test_node_clock_has_its_own_offset_and_skew(run_script: RunScript) -> None:
    options = {"clock_offset_us": 123_456_789, "skew_ppm": -37.5}
    node = run_script(
        """
        import _sim, time
        for _ in range(20):
            before = _sim.host_ns()
            ticks = time.ticks_us()
            print("at", before, ticks, _sim.host_ns())
    """,
        **options,
    )
    for _ in range(20):
        before, ticks, after = (int(text) for text in node.wait_for(r"at (\d+) (\d+) (\d+)").groups())
        low, high = (node.options.node_us(ns) for ns in (before, after))
        assert (ticks - low) % TICKS <= high - low


def test_ticks_wrap_within_a_run(run_script: RunScript) -> None:
    to_wrap_us = 100_000
    now_us = time.monotonic_ns() // 1000
    node = run_script(
        """
        import time
        start = last = time.ticks_us()
        while last >= start:
            last = time.ticks_us()
        print("wrapped", start, last, time.ticks_diff(last, start))
    """,
        clock_offset_us=-now_us - to_wrap_us - 1_000_000 + 2 * TICKS,
    )
    start, last, difference = (int(text) for text in node.wait_for(r"wrapped (\d+) (\d+) (\d+)", 10).groups())
    assert last < start < TICKS
    assert difference == last + TICKS - start


def test_sleeping_keeps_time_on_the_node_clock(run_script: RunScript) -> None:
    node = run_script("""
        import time
        for ms in (0, 1, 5, 20, 50):
            best = 1 << 29
            for _ in range(5):
                start = time.ticks_us()
                time.sleep_ms(ms)
                best = min(best, time.ticks_diff(time.ticks_us(), start) - ms * 1000)
            print("over", ms, best)
    """)
    for _ in range(5):
        over = int(node.wait_for(r"over \d+ (-?\d+)")[1])
        assert 0 <= over < 1500


GIL_PROBE = """
    import _thread, time
    count = 0
    def work():
        global count
        while True:
            count += 1
    _thread.start_new_thread(work, ())
    time.sleep_ms(50)
    before = count
    for _ in range(20):
        time.sleep_ms(5)
    print("worked", count - before)
"""


def test_short_sleeps_hold_the_gil_on_a_100_hz_tick(run_script: RunScript) -> None:
    assert int(run_script(GIL_PROBE, tick_hz=100).wait_for(r"worked (\d+)")[1]) < 2000
    assert int(run_script(GIL_PROBE, tick_hz=1000).wait_for(r"worked (\d+)", 10)[1]) > 10_000


@pytest.mark.parametrize("tick_hz", [100, 1000])
def test_poll_returns_on_rtos_ticks(run_script: RunScript, tick_hz: int) -> None:
    tick_us = 1_000_000 // tick_hz
    node = run_script(
        f"""
        import select, time
        poller = select.poll()
        phases = []
        for i in range(31):
            time.sleep_us(137 * i)
            poller.poll(1 + i % 3)
            phases.append(time.ticks_us() % {tick_us})
        print("phase", sorted(phases)[15])
    """,
        tick_hz=tick_hz,
        clock_offset_us=-time.monotonic_ns() // 1000,
    )  # far from a wrap, which shifts the phase
    assert int(node.wait_for(r"phase (\d+)")[1]) < tick_us / 3


def test_busy_threads_share_the_gil_fairly(run_script: RunScript) -> None:
    node = run_script("""
        import _thread, time
        counts = [0, 0, 0]
        stop = False
        def work(i):
            while not stop:
                counts[i] += 1
        for i in range(3):
            _thread.start_new_thread(work, (i,))
        start = time.ticks_ms()
        turns = 0
        while time.ticks_diff(time.ticks_ms(), start) < 500:
            turns += 1
        stop = True
        print("turns", turns, min(counts), max(counts))
    """)
    turns, least, most = (int(text) for text in node.wait_for(r"turns (\d+) (\d+) (\d+)", 10).groups())
    assert turns > 100
    assert least > most / 3


def test_collections_do_not_cut_sleeps_short(run_script: RunScript) -> None:
    node = run_script("""
        import _thread, gc, time
        def collect():
            while True:
                gc.collect()
        _thread.start_new_thread(collect, ())
        least = 1 << 29
        for _ in range(10):
            start = time.ticks_us()
            time.sleep_ms(20)
            time.sleep_us(900)
            least = min(least, time.ticks_diff(time.ticks_us(), start))
        print("least", least)
    """)
    assert int(node.wait_for(r"least (\d+)", 10)[1]) >= 20_900


def test_an_exception_in_a_thread_is_a_crash(run_script: RunScript) -> None:
    node = run_script("""
        import _thread
        def fail():
            raise ValueError("in a thread")
        _thread.start_new_thread(fail, ())
    """)
    node.wait_for("ValueError: in a thread")
    with pytest.raises(NodeCrashed, match="in a thread"):
        node.check()


def test_heap_is_bounded_and_can_be_locked(run_script: RunScript) -> None:
    node = run_script(
        """
        import gc, micropython
        gc.collect()
        print("heap", gc.mem_free() + gc.mem_alloc())
        micropython.heap_lock()
        try:
            bytearray(100)
        except MemoryError:
            micropython.heap_unlock()
            print("locked", micropython.heap_locked() if hasattr(micropython, "heap_locked") else 0)
    """,
        heap_kb=192,
    )
    assert 180_000 < int(node.wait_for(r"heap (\d+)")[1]) < 197_000
    assert node.wait_for(r"locked (\d)")[1] == "0"
