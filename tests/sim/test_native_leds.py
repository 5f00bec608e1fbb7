"""The native LED port: both strips start at the tick whatever Python does, and nothing ever waits for the wire."""

from __future__ import annotations

import re
import time

import pytest

from lightwave_sim import SimNode
from lightwave_sim.journal import Frame
from tests.sim.conftest import RunScript

TICKS = 1 << 30
WIRE_NS_PER_LED = 30_000
STATS = (
    "shown", "late", "busy", "errors", "start_max", "start_p99", "wake_max", "wake_p99", "driver_error", "stack_free",
    "core",
)  # fmt: skip

PRELUDE = """
    import _lightwave as lw, machine, micropython, time
    from array import array
    stats = array("I", bytes(4 * 11))
    def print_stats():
        lw.leds_stats(stats)
        print("stats", *stats)
    def refused(call, *args):
        try:
            call(*args)
        except (OSError, RuntimeError, TypeError, ValueError) as error:
            return "%s: %s" % (type(error).__name__, error)
"""


@pytest.fixture
def run_leds(run_script: RunScript) -> RunScript:
    """run_script with the prelude above in front."""
    return lambda source, **options: run_script(PRELUDE + source, **options)


def stats_of(node: SimNode) -> dict[str, int]:
    line = node.wait_for(r"stats ([\d ]+)", 15)[1]
    return dict(zip(STATS, map(int, line.split()), strict=True))


def off_tick_us(node: SimNode, frame: Frame, tick: int) -> float:
    """How far the first bit is from a tick of the node's clock."""
    host_us = frame.start_ns / 1000
    difference = (node.options.node_us(frame.start_ns) - tick + TICKS // 2) % TICKS - TICKS // 2
    return difference + host_us % 1


def test_both_strips_start_at_the_tick(run_leds: RunScript) -> None:
    node = run_leds(
        """
    lw.leds_start(5, 160, 4, 120)
    a, b = bytearray(480), bytearray(360)
    for n in range(20):
        at = time.ticks_add(time.ticks_us(), 5000)
        a[0], b[0] = n, 255 - n
        code = lw.leds_show(a, b, at)
        a[0] = b[0] = 77  # ours again: the frame was copied
        print("at", at, code)
        time.sleep_ms(12)
    print_stats()
    """,
        skew_ppm=80.0,
        clock_offset_us=-987_654_321,
    )
    ticks = [node.wait_for(r"at (\d+) (-?\d+)") for _ in range(20)]
    in_time = sum(match[2] == "0" for match in ticks)
    assert in_time >= 12  # a busy host may keep Python away for longer than the frame is ahead
    stats = stats_of(node)
    frames = node.journal.wait(40)
    for n, match in enumerate(ticks):
        a, b = sorted(frames[2 * n : 2 * n + 2], key=lambda frame: -frame.pin)
        assert (a.pin, len(a), a.wire[0]) == (5, 160, n)
        assert (b.pin, len(b), b.wire[0]) == (4, 120, 255 - n)
        assert a.start_ns == b.start_ns
        assert match[2] == "1" or abs(off_tick_us(node, a, int(match[1]))) < 50
        assert a.end_ns - a.start_ns == pytest.approx(160 * WIRE_NS_PER_LED, abs=1000)
        assert b.end_ns - b.start_ns == pytest.approx(120 * WIRE_NS_PER_LED, abs=1000)
        assert a.latch_ns - a.end_ns == 280_000
    assert (stats["shown"], stats["late"], stats["busy"], stats["errors"]) == (20, 20 - in_time, 0, 0)
    assert stats["start_max"] < 50


def test_120_fps_on_two_strips_of_180_while_python_holds_the_gil(run_leds: RunScript) -> None:
    node = run_leds("""
    lw.leds_start(5, 180, 4, 180)
    a, b = bytearray(540), bytearray(540)
    period = 8333
    codes = [0, 0, 0]
    at = time.ticks_add(time.ticks_us(), 2 * period)
    print("first", at)
    for n in range(120):
        while time.ticks_diff(at, time.ticks_us()) < 200:
            at = time.ticks_add(at, period)  # the host was away: skip, as the renderer does
        codes[lw.leds_show(a, b, at)] += 1
        # Not a sleep: busy with the GIL until the frame before this one has gone out, one frame ahead of the wire.
        while time.ticks_diff(at, time.ticks_us()) > 1000:
            pass
        at = time.ticks_add(at, period)
    time.sleep_ms(100)
    print("codes", *codes)
    print_stats()
    """)
    first = int(node.wait_for(r"first (\d+)")[1])
    armed, late, busy = (int(text) for text in node.wait_for(r"codes (\d+) (\d+) (\d+)", 15).groups())
    stats = stats_of(node)
    frames = node.journal.wait(2 * (armed + late))
    assert (stats["shown"], stats["late"], stats["busy"]) == (armed + late, late, busy)
    assert late + busy <= 5  # the host took the CPU inside the 200 us
    on_grid = [frame for frame in frames if abs((off_tick_us(node, frame, first) + 4000) % 8333 - 4000) < 50]
    assert len(on_grid) >= 2 * armed


def test_a_late_frame_starts_when_it_arrives_and_is_counted(run_leds: RunScript) -> None:
    node = run_leds("""
    import _sim
    lw.leds_start(5, 10, 0, 0)
    before = _sim.host_ns()
    code = lw.leds_show(bytes(30), None, time.ticks_add(time.ticks_us(), -5000))
    print("late", code, before, _sim.host_ns())
    time.sleep_ms(100)
    print_stats()
    """)
    code, before, after = (int(text) for text in node.wait_for(r"late (-?\d+) (\d+) (\d+)").groups())
    stats = stats_of(node)
    (frame,) = node.journal.wait(1)
    assert code == 1
    assert before - 1000 <= frame.start_ns <= after
    assert (stats["shown"], stats["late"], stats["start_max"]) == (1, 1, 0)


def test_a_frame_waits_for_the_wire_and_its_reset(run_leds: RunScript) -> None:
    node = run_leds("""
    lw.leds_start(5, 100, 4, 10)
    at = time.ticks_add(time.ticks_us(), 30000)
    codes = [lw.leds_show(bytes(300), bytes(30), at), lw.leds_show(bytes(300), bytes(30), time.ticks_add(at, 1000))]
    print("codes", codes)
    time.sleep_ms(150)
    print_stats()
    """)
    node.wait_for(re.escape("codes [0, 1]"))
    assert stats_of(node)["late"] == 1
    first, _, second, _ = node.journal.wait(4)
    assert second.start_ns - first.start_ns == pytest.approx(100 * WIRE_NS_PER_LED + 280_000, abs=2000)


def test_a_third_frame_is_refused_and_the_two_before_it_are_shown(run_leds: RunScript) -> None:
    node = run_leds("""
    lw.leds_start(5, 10, 0, 0)
    now = time.ticks_us()
    codes = [lw.leds_show(bytes((n,)), b"", time.ticks_add(now, 40000 * n)) for n in (1, 2, 3, 3)]
    print("busy", codes == [lw.LEDS_ARMED, lw.LEDS_ARMED, lw.LEDS_BUSY, lw.LEDS_BUSY])
    time.sleep_ms(150)
    print("again", lw.leds_show(b"\\x05", None, time.ticks_us()))
    time.sleep_ms(100)
    print_stats()
    """)
    node.wait_for("busy True")
    stats = stats_of(node)
    assert (stats["shown"], stats["busy"]) == (3, 2)
    assert [frame.wire for frame in node.journal.wait(3)] == [b"\x01", b"\x02", b"\x05"]


def test_done_tells_each_strips_own_end(run_leds: RunScript) -> None:
    node = run_leds("""
    lw.leds_start(5, 100, 4, 100)
    print("never", lw.leds_done(0), lw.leds_done(1))
    at = time.ticks_add(time.ticks_us(), 30000)
    lw.leds_show(bytes(300), bytes(30), at)
    time.sleep_ms(150)
    print("took", time.ticks_diff(lw.leds_done(0), at), time.ticks_diff(lw.leds_done(1), at))
    first = lw.leds_done(0)
    lw.leds_show(None, bytes(3), time.ticks_us())
    time.sleep_ms(100)
    print("kept", lw.leds_done(0) == first, time.ticks_diff(lw.leds_done(1), at) > 10000)
    """)
    node.wait_for("never -1 -1")
    node.wait_for("took 3000 300")
    node.wait_for("kept True True")
    assert [frame.pin for frame in node.journal.wait(3)][2] == 4


def test_refusals_name_the_field_and_its_limit(run_leds: RunScript) -> None:
    node = run_leds("""
    print("stopped", lw.leds_show(b"", b"", 0), lw.leds_done(0))
    for arguments in ((49, 1, 0, 0), (5, 0, 4, 1), (5, 1025, 4, 1), (5, 1, 4, 1025), (5, 1, 49, 1), (5, 1, 5, 1)):
        print(refused(lw.leds_start, *arguments))
    print(refused(lw.leds_done, 2), refused(lw.leds_stats, bytearray(43)))
    lw.leds_start(5, 10, 4, 5)
    now = time.ticks_us()
    print("long", lw.leds_show(bytes(31), None, now), lw.leds_show(None, bytes(16), now))
    print("far", lw.leds_show(bytes(3), None, time.ticks_add(now, 3_000_000)))
    print("type", refused(lw.leds_show, 5, None, now), refused(lw.leds_show, b"", None, None))
    print_stats()
    """)
    node.wait_for("stopped -2 -1")
    for field in ("pin_a: 49", "leds_a: 0", "leds_a: 1025", "leds_b: 1025 is not in 0..1024", "pin_b: 49", "pin_b: 5"):
        node.wait_for(f"ValueError: {field}")
    node.wait_for("strip: 2 .* buf: 43 bytes")
    node.wait_for("long -3 -3")
    node.wait_for("far -4")
    node.wait_for("type TypeError.* TypeError")
    assert stats_of(node)["errors"] == 3


def test_show_allocates_nothing_and_never_waits(run_leds: RunScript) -> None:
    node = run_leds("""
    lw.leds_start(5, 180, 4, 180)
    a, b = bytearray(540), bytearray(540)
    longest = n = 0
    micropython.heap_lock()
    while n < 200:
        start = time.ticks_us()
        lw.leds_show(a, b, start)
        lw.leds_done(0)
        lw.leds_stats(stats)
        took = time.ticks_diff(time.ticks_us(), start)
        if took < 5000:  # longer, and the host was away
            longest = max(longest, took)
        n += 1
    micropython.heap_unlock()
    print("longest", longest)
    """)
    assert int(node.wait_for(r"longest (\d+)", 10)[1]) < 2000  # a frame of these lies 5.7 ms on the wire


def test_stop_waits_for_the_wire_drops_what_waits_and_start_begins_anew(run_leds: RunScript) -> None:
    node = run_leds("""
    for n in range(5):
        lw.leds_start(5, 100, 4, 100)
        start = time.ticks_us()
        lw.leds_show(bytes((n, 1)), None, start)
        lw.leds_show(bytes((n, 2)), None, time.ticks_add(start, 900_000))
        time.sleep_ms(2)
        lw.leds_stop()
        print("stopped", time.ticks_diff(time.ticks_us(), start) < 200_000, lw.leds_show(b"", None, 0))
        print_stats()
    lw.leds_stop()
    """)
    for _ in range(5):
        node.wait_for("stopped True -2")
        assert stats_of(node)["shown"] == 1
    assert [frame.wire for frame in node.journal.wait(5)] == [bytes((n, 1)) for n in range(5)]


@pytest.mark.parametrize("reset", ["machine.soft_reset()", "raise SystemExit"])
def test_a_soft_reset_ends_the_port(run_leds: RunScript, reset: str) -> None:
    node = run_leds(f"""
    if machine.reset_cause() != machine.SOFT_RESET:
        lw.leds_start(5, 10, 0, 0)
        lw.leds_show(b"\\x01", None, time.ticks_us())
        lw.leds_show(b"\\x02", None, time.ticks_add(time.ticks_us(), 900_000))
        time.sleep_ms(100)
        {reset}
    time.sleep_ms(1000)
    print("after", lw.leds_show(b"\\x03", None, 0))
    lw.leds_start(5, 10, 0, 0)
    print("again", lw.leds_show(b"\\x04", None, time.ticks_us()))
    """)
    node.wait_for("after -2")
    node.wait_for("again [01]")
    assert [frame.wire for frame in node.journal.wait(2)] == [b"\x01", b"\x04"]


def test_the_hosts_lateness_is_reported_apart(run_leds: RunScript) -> None:
    node = run_leds("""
    lw.leds_start(5, 10, 0, 0)
    for n in range(50):
        lw.leds_show(bytes(30), None, time.ticks_add(time.ticks_us(), 2000))
        time.sleep_ms(4)
    time.sleep_ms(100)
    print_stats()
    """)
    stats = stats_of(node)
    assert stats["start_p99"] <= 1
    assert stats["wake_max"] >= stats["wake_p99"]
    assert 0 < stats["wake_max"] < 1_000_000


def test_a_frozen_node_claims_no_frame_for_the_time_it_was_frozen(run_leds: RunScript) -> None:
    node = run_leds("""
    lw.leds_start(5, 10, 0, 0)
    lw.leds_show(b"\\x01", None, time.ticks_add(time.ticks_us(), 900_000))
    print("armed")
    time.sleep_ms(3000)
    """)
    node.wait_for("armed")
    node.pause()
    time.sleep(1.5)
    resumed_ns = time.monotonic_ns()
    node.resume()
    (frame,) = node.journal.wait(1)
    assert frame.start_ns >= resumed_ns


def test_stack_of_the_worker_has_room(run_leds: RunScript) -> None:
    node = run_leds("""
    lw.leds_start(5, 1024, 4, 1024)
    for n in range(3):
        print("code", lw.leds_show(bytes(3072), bytes(3072), time.ticks_us()))
        time.sleep_ms(150)
    print_stats()
    """)
    stats = stats_of(node)
    assert stats["shown"] == 3
    assert stats["stack_free"] >= 4096
