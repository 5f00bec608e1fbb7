from dual_support import cases, no_allocation

from lightwave import beat, ticks
from lightwave.beat import BeatClock, phase_at

FRAME_US = 8333


def started(bpm_x100=12000, phase=0, number=0, at=0):
    clock = BeatClock()
    with no_allocation:
        clock.set(bpm_x100, phase, number, at)
    return clock


def position(clock):
    return clock.beat * beat.BEAT + clock.phase


EXACT = (  # bpm_x100, phase, start, microseconds
    ("one_beat_at_120", 12000, 0, 0, 500000),
    ("a_frame", 12345, 777, 0, 8333),
    ("a_second", 9999, 65535, 0, 1000000),
    ("minutes", 17400, 1, 0, 400000000),
    ("over_the_wrap", 12850, 40000, ticks.PERIOD - 100, 123456),
    ("slowest", 1, 0, 0, 500000000),
    ("fastest", 65535, 65535, 5, 536870000),
)


@cases(globals(), EXACT)
def test_exact(bpm_x100, phase, at, passed):
    clock = started(bpm_x100, phase, 3, at)
    with no_allocation:
        clock.advance(ticks.add(at, passed))
    expected_phase, expected_beat = phase_at(bpm_x100, phase, 3, 0, passed)
    assert clock.beat * beat.BEAT + clock.phase - expected_beat * beat.BEAT - expected_phase in (0, -1, 1)


def test_set_shows_the_given_phase():
    for phase in (0, 1, 63, 64, 65, 32767, 65535):
        clock = started(phase=phase, number=8)
        assert (clock.phase, clock.beat) == (phase, 8)


def test_small_steps_lose_nothing():
    clock = started(bpm_x100=12849)
    now = 0
    for step in range(3000):
        now += FRAME_US + step % 3
        with no_allocation:
            clock.advance(now)
    expected_phase, expected_beat = phase_at(12849, 0, 0, 0, now)
    assert (clock.phase, clock.beat) == (expected_phase, expected_beat)


def test_no_beat_stands_still():
    clock = started(bpm_x100=0, phase=500)
    clock.advance(1000000)
    assert (clock.bpm_x100, clock.phase) == (0, 500)


def run(clock, now, frames):
    """Advance by frames; the smallest and the largest step as permille of the regular one."""
    regular = 12000 * FRAME_US * beat.BEAT // 6000000000
    least, most = 1 << 30, 0
    for _ in range(frames):
        before = position(clock)
        now = ticks.add(now, FRAME_US)
        with no_allocation:
            clock.advance(now)
        step = (position(clock) - before) * 1000 // regular
        least, most = min(least, step), max(most, step)
    return now, least, most


CORRECTIONS = (("ahead", 3000, 999, 1051), ("behind", -3000, 949, 1001), ("limit", 16384, 999, 1051))


@cases(globals(), CORRECTIONS)
def test_correction_is_slewed(error, least_allowed, most_allowed):
    clock = started()
    now, _, _ = run(clock, 0, 100)
    truth = position(clock) + error
    with no_allocation:
        clock.set(12000, truth % beat.BEAT, truth // beat.BEAT, now)
    assert position(clock) == truth - error
    anchor = now
    now, least, most = run(clock, now, 400)
    assert least_allowed <= least and most <= most_allowed
    expected_phase, expected_beat = phase_at(12000, truth % beat.BEAT, truth // beat.BEAT, 0, ticks.diff(now, anchor))
    assert (clock.phase, clock.beat) == (expected_phase, expected_beat)


JUMPS = (
    ("more_than_a_quarter", 16385),
    ("back_more_than_a_quarter", -16400),
    ("beats", 3 * 65536),
    ("a_day", 172800 * 65536),
)


@cases(globals(), JUMPS)
def test_correction_jumps(error):
    clock = started(number=10)
    now, _, _ = run(clock, 0, 100)
    truth = position(clock) + error
    phase, number = truth % beat.BEAT, truth // beat.BEAT
    with no_allocation:
        clock.set(12000, phase, number, now)
    assert position(clock) == truth


RENUMBERED = (  # beats, and the rest of the correction
    ("forward", 3, 0),
    ("backward", -2, 0),
    ("forward_while_ahead", 1, -9000),
    ("backward_while_behind", -1, 9000),
)


@cases(globals(), RENUMBERED)
def test_renumbered_beats_leave_the_phase_to_slewing(beats, error):
    clock = started(number=10)
    now, _, _ = run(clock, 0, 100)
    before = position(clock)
    truth = before + beats * beat.BEAT + error
    with no_allocation:
        clock.set(12000, truth % beat.BEAT, truth // beat.BEAT, now)
    assert position(clock) == before + beats * beat.BEAT
    now, _, _ = run(clock, now, 300)
    assert abs(position(clock) - truth - 300 * FRAME_US * 12000 * beat.BEAT // 6000000000) <= 1


def test_reset_and_stop_jump():
    clock = started()
    clock.advance(100000)
    clock.reset()
    clock.set(12000, 60000, 0, 100000)
    assert clock.phase == 60000
    clock.set(0, 0, 0, 110000)
    clock.set(12000, 50000, 7, 120000)
    assert (clock.phase, clock.beat) == (50000, 7)


def test_set_in_the_past_and_in_the_future_agree_with_the_truth():
    for at in (80000, 100000, 120000):
        clock = started()
        clock.advance(100000)
        phase, number = phase_at(12000, 0, 0, 0, at)
        with no_allocation:
            clock.set(12000, phase, number, at)
        clock.advance(300000)
        expected, _ = phase_at(12000, 0, 0, 0, 300000)
        assert abs(clock.phase - expected) <= 1, at


def test_tempo_change_is_continuous():
    clock = started()
    now, _, _ = run(clock, 0, 77)
    before = position(clock)
    clock.set(18000, clock.phase, clock.beat, now)
    assert position(clock) == before
    clock.advance(now + 1000000)
    assert abs(position(clock) - before - 3 * beat.BEAT) <= 1


def test_beat_tick_jitter_of_phase_rounding_never_moves_back():
    clock = started(bpm_x100=12345)
    last = position(clock)
    for tick in range(1, 400):
        phase, number = phase_at(12345, 0, 0, 0, tick * 10000)
        with no_allocation:
            clock.set(12345, phase, number, tick * 10000)
            clock.advance(tick * 10000 + 5000)
        assert position(clock) > last
        last = position(clock)


def test_time_going_back_changes_nothing_and_a_wrapped_gap_recovers():
    clock = started()
    clock.advance(50000)
    before = position(clock)
    clock.advance(40000)
    assert position(clock) == before
    far = 50000 + ticks.HALF + 5
    clock.advance(far)
    clock.advance(far + 500000)
    assert position(clock) == before + beat.BEAT
