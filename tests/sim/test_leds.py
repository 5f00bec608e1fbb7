"""RMT: pulses become bytes, the wire takes its time, and the journal tells both."""

from __future__ import annotations

import pytest

from tests.sim.conftest import RunScript

# Durations in 100 ns units (80 MHz / 8): a zero is 0.4 + 0.85 us, a one 0.8 + 0.45 us.
ENCODER = """
    import esp32, machine, time, _sim
    def encode(data):
        pulses = []
        for byte in data:
            for bit in range(7, -1, -1):
                pulses += (8, 5) if byte >> bit & 1 else (4, 8)
        return pulses
"""


def test_pulses_are_decoded_to_wire_bytes(run_script: RunScript) -> None:
    node = run_script(
        ENCODER
        + """
    rmt = esp32.RMT(0, pin=machine.Pin(5), clock_div=8)
    rmt.write_pulses(encode(b"\\x10\\x20\\x30\\xff\\x00\\xa5"))
    print("idle", rmt.wait_done(timeout=100))
    """
    )
    node.wait_for("idle True")
    (frame,) = node.journal.records()
    assert (frame.pin, frame.malformed, frame.partial_byte) == (5, False, False)
    assert frame.wire == b"\x10\x20\x30\xff\x00\xa5"
    assert frame.rgb(0) == (0x20, 0x10, 0x30)
    ones = sum(bin(byte).count("1") for byte in frame.wire)
    assert frame.end_ns - frame.start_ns == pytest.approx(ones * 1300 + (48 - ones) * 1200, abs=50)
    assert frame.latch_ns - frame.end_ns == 280_000


def test_transmissions_on_a_channel_queue_and_channels_overlap(run_script: RunScript) -> None:
    node = run_script(
        ENCODER
        + """
    pulses = encode(bytes(540))
    a = esp32.RMT(0, pin=machine.Pin(5), clock_div=8)
    b = esp32.RMT(1, pin=machine.Pin(4), resolution_hz=10_000_000)
    start = time.ticks_us()
    a.write_pulses(pulses)
    b.write_pulses(pulses)
    print("asynchronous", time.ticks_diff(time.ticks_us(), start) < 4000, a.wait_done())
    a.write_pulses(pulses)
    print("blocked", time.ticks_diff(time.ticks_us(), start) >= 5184)
    print("done", a.wait_done(timeout=20), b.wait_done(timeout=20))
    """
    )
    node.wait_for("asynchronous True False")
    node.wait_for("blocked True")
    node.wait_for("done True True")
    first, other, second = node.journal.records()
    assert second.start_ns >= first.end_ns
    assert other.start_ns < first.end_ns
    assert first.end_ns - first.start_ns == pytest.approx(540 * 8 * 1200, abs=1000)


def test_wire_time_runs_on_the_node_clock(run_script: RunScript) -> None:
    node = run_script(
        ENCODER
        + """
    esp32.RMT(0, pin=machine.Pin(5), clock_div=8).write_pulses(encode(bytes(540)))
    print("sent")
    """,
        skew_ppm=1000.0,
    )
    node.wait_for("sent")
    (frame,) = node.journal.records()
    assert frame.end_ns - frame.start_ns == pytest.approx(5_184_000 / 1.001, abs=500)


@pytest.mark.parametrize(
    ("pulses", "malformed", "partial"),
    [
        ("[4, 8] * 8", False, False),
        ("[4, 8] * 8 + [4, 800]", False, True),
        ("[4, 8] * 7 + [4, 3000]", False, False),
        ("[1, 11] * 8", True, False),  # a glitch, not a zero
        ("[4, 20] * 8", True, False),  # bits too long
        ("[3, 4] * 8", True, False),  # bits too short
        ("[12, 4] * 8", True, False),
    ],
)
def test_malformed_pulses_are_flagged(run_script: RunScript, pulses: str, malformed: bool, partial: bool) -> None:
    node = run_script(
        ENCODER
        + f"""
    esp32.RMT(0, pin=machine.Pin(5), clock_div=8).write_pulses({pulses})
    print("sent")
    """
    )
    node.wait_for("sent")
    (frame,) = node.journal.records()
    assert (frame.malformed, frame.partial_byte) == (malformed, partial)


def test_refusals_are_the_ports_own(run_script: RunScript) -> None:
    node = run_script(
        ENCODER
        + """
    from array import array
    rmt = esp32.RMT(0, pin=machine.Pin(5), clock_div=8)
    def refused(call, *args):
        try:
            call(*args)
        except (TypeError, ValueError) as error:
            return type(error).__name__
    print(refused(rmt.write_pulses, array("H", [4, 8])), refused(rmt.write_pulses, []),
          refused(rmt.write_pulses, [4, "x"]), refused(esp32.RMT, 4))
    rmt.write_pulses(4, [1, 0] * 8)
    rmt.write_pulses([4, 8], [1, 0])
    rmt.deinit()
    print(refused(rmt.write_pulses, [4, 8]))
    """
    )
    node.wait_for("TypeError ValueError TypeError (TypeError|ValueError)")
    node.wait_for("ValueError")
    node.check()


def test_journal_survives_power_cuts_and_is_read_as_it_grows(run_script: RunScript) -> None:
    node = run_script(
        ENCODER
        + """
    rmt = esp32.RMT(0, pin=machine.Pin(5), clock_div=8)
    n = 0
    while True:
        rmt.write_pulses(encode(bytes((n & 255, n >> 8, 7))))
        n += 1
        time.sleep_ms(1)
    """
    )
    node.journal.wait(20)
    node.kill()
    before = len(node.journal.records())
    node.power_on()
    frames = node.journal.wait(before + 20)
    assert all(frame.wire[2] == 7 and not frame.malformed for frame in frames)
    assert frames[before].wire == b"\x00\x00\x07"
