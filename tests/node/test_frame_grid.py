"""Frames of all nodes on one grid, whatever their clocks."""

import pytest
from node_support import locked_timesync

from lightwave import ticks
from lightwave.timesync import TimeSync
from lightwave_node.frame_grid import ALIGNED_US, FrameGrid

DEADLINES_120 = (0, 8333, 16667, 25000, 33333, 41667)
LAP = ticks.PERIOD


class SkewedClock:
    """A node's clock against the hub's: hub time in, local time out."""

    def __init__(self, offset, ppm):
        self.offset = offset
        self.ppm = ppm

    def local(self, hub):
        return round(hub * (1 + self.ppm / 1e6) + self.offset) % LAP


class KnownSync:
    """A time sync that knows the truth."""

    def __init__(self, clock):
        self._clock = clock
        self.locked = False
        self.anchor_hub30 = 0

    def learn(self, hub):
        self.offset = (self._clock.local(hub) - hub) % LAP
        self.anchor_hub30 = hub // 50000 * 50000 % LAP
        self.locked = True

    def to_local(self, hub30):
        return ticks.add(hub30, self.offset)

    def to_hub(self, local):
        return (local - self.offset) % LAP


def run_node(offset, ppm, fps, hub_start, seconds):
    """Frames as (whole nominal hub time, whole hub time at which the frame really began, aligned)."""
    clock = SkewedClock(offset, ppm)
    sync = KnownSync(clock)
    hub = hub_start
    grid = FrameGrid(fps, clock.local(hub), sync)
    frames = []
    for number in range(seconds * fps):
        if number >= 10 and number % 12 == 10:
            sync.learn(round(hub))
        grid.next(clock.local(hub))
        begun = hub + ticks.diff(grid.deadline, clock.local(hub)) / (1 + ppm / 1e6)
        hub = begun
        nominal = round(hub) + ticks.diff(grid.hub30, round(hub) % LAP)
        frames.append((nominal, begun, grid.aligned))
    return frames, grid


@pytest.mark.parametrize("fps", [60, 120])
@pytest.mark.parametrize("hub_start", [0, LAP - 3_000_000, 7 * LAP + 123_456_789])
@pytest.mark.parametrize(("offset", "ppm"), [(0, 0), (4321, 30), (LAP - 1_000_000, -30), (987_654_321, 100)])
def test_deadlines_are_those_of_the_protocol(fps, hub_start, offset, ppm):
    frames, grid = run_node(offset, ppm, fps, hub_start, 6)
    settled = frames[-2 * fps :]
    allowed = DEADLINES_120 if fps == 120 else DEADLINES_120[::2]
    assert all(aligned for _, _, aligned in settled)
    assert {nominal % 50_000 for nominal, _, _ in settled} == set(allowed)
    assert max(abs(begun - nominal) for nominal, begun, _ in settled) < 25  # 200 ms at 100 ppm is 20 us
    assert grid.skipped == 0


def test_two_nodes_have_the_same_deadlines():
    first, _ = run_node(123, 30, 60, 10**12, 8)
    second, _ = run_node(900_000_000, -30, 60, 10**12, 8)
    late_first = {nominal: begun for nominal, begun, _ in first[-240:]}
    late_second = {nominal: begun for nominal, begun, _ in second[-240:]}
    shared = late_first.keys() & late_second.keys()
    assert len(shared) > 230
    assert max(abs(late_first[n] - late_second[n]) for n in shared) < 15


def test_the_slew_is_at_most_one_percent_of_a_period():
    frames, _ = run_node(4000, 0, 120, 12345, 5)
    steps = [b - a for (_, a, _), (_, b, _) in zip(frames, frames[1:], strict=False)]
    assert max(steps) <= 8334 + 84
    assert min(steps) >= 8333 - 84


def test_unlocked_it_runs_freely():
    grid = FrameGrid(120, 1000, TimeSync())
    deadlines = []
    for _ in range(12):
        grid.next(grid.deadline)
        deadlines.append(grid.deadline - 1000)
    assert deadlines == [*DEADLINES_120[1:], 50_000, *(50_000 + d for d in DEADLINES_120[1:]), 100_000]
    assert not grid.aligned


def test_names_are_kept_in_holdover():
    sync = locked_timesync(offset=777, now=5000)
    grid = FrameGrid(60, 5000, sync)
    for _ in range(200):
        grid.next(grid.deadline)
    assert grid.aligned
    sync.unlock("the hub is gone")
    before = grid.hub30, grid.deadline
    for _ in range(300):
        grid.next(grid.deadline)
    assert ticks.diff(grid.hub30, before[0]) == 5_000_000
    assert ticks.diff(grid.deadline, before[1]) == 5_000_000


def test_frames_that_are_past_are_skipped_and_counted():
    grid = FrameGrid(60, 0, TimeSync())
    grid.next(0)
    grid.next(ticks.add(grid.deadline, 40_000))
    assert grid.skipped == 2
    assert grid.deadline == 66_667


def test_a_long_stop_begins_anew_at_once():
    grid = FrameGrid(60, 0, TimeSync())
    grid.next(0)
    grid.next(300_000_000)
    assert 0 <= ticks.diff(grid.deadline, 300_000_000) <= 16_667
    assert grid.skipped == 0


def test_another_hub_clock_takes_new_names_without_a_jump():
    clock = SkewedClock(0, 0)
    sync = KnownSync(clock)
    sync.learn(0)
    grid = FrameGrid(60, 0, sync)
    for _ in range(200):
        grid.next(grid.deadline)
    clock.offset = 777_777  # the hub restarted: the same moment has another hub time
    hub = ticks.diff(grid.deadline, 777_777)
    sync.learn(hub)
    before = grid.deadline
    grid.next(grid.deadline)
    assert abs(ticks.diff(grid.deadline, before) - 16_667) <= 168
    for _ in range(100):
        grid.next(grid.deadline)
    assert grid.aligned
    assert abs(ticks.diff(grid.deadline, ticks.add(grid.hub30, 777_777))) < ALIGNED_US


def test_only_60_and_120():
    with pytest.raises(ValueError, match="60 or 120"):
        FrameGrid(50, 0, TimeSync())
