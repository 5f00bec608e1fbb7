"""When frames are due. Every locked node draws frame k at hub time k / FPS, so all of them switch together.

The deadlines are those of shared/PROTOCOL.md: 0, 8333, 16667, 25000, 33333 and 41667 us in every 50,000 us of hub time
(at 60 FPS every second one). The grid gets its names (which frame is which) from the time sync's anchor and from then
on is stepped in 30-bit integers; it follows the clock by at most 1 % of a period a frame. Without a lock it runs on by
the node's own crystal and keeps the names it has.
"""

from lightwave import ticks
from lightwave.compat import const
from lightwave.timesync import ANCHOR_PERIOD_US

ALIGNED_US = const(200)  # a frame this close to its nominal time stands for that time
_SLOTS = {60: (0, 16667, 33333), 120: (0, 8333, 16667, 25000, 33333, 41667)}  # by frames a second
FRAME_RATES = tuple(sorted(_SLOTS))
_LOST_US = const(500000)  # so far behind or ahead of the deadline, the node was stopped: begin anew


class FrameGrid:
    """HOT: owned by the render thread; nothing but creation allocates. Of the time sync it reads single words. After
    `next`:

    deadline  local time at which the frame shall start
    hub30     the hub time it stands for, by which edges are judged; the same on every node once `aligned`
    aligned   locked, and within ALIGNED_US of the nominal time
    skipped   frames that were past before they could be drawn (a running count)
    renames   grows when hub30 jumps: at the first lock, and when the hub's clock is another one
    """

    def __init__(self, fps, now, timesync):
        if fps not in FRAME_RATES:
            raise ValueError("fps must be 60 or 120")
        self._slots = _SLOTS[fps]
        self._timesync = timesync
        self._slot = 0
        self._start30 = 0  # hub time at which the current 50,000 us began
        self.frame_us = 1000000 // fps
        self._slew_us = self.frame_us // 100
        self.deadline = now
        self.hub30 = 0
        self.aligned = False
        self.skipped = 0
        self.renames = 0

    def next(self, now):
        """Step to the first frame that is not due before `now`."""
        behind = ticks.diff(now, self.deadline)
        if behind > _LOST_US or behind < -_LOST_US:
            self._begin_at(now, behind)
        self._step()
        while ticks.before(self.deadline, now):
            self.skipped += 1
            self._step()

    def _step(self):
        """One frame on, and a little towards where the clock says that it belongs."""
        was = self._slots[self._slot]
        self._slot += 1
        if self._slot == len(self._slots):
            self._slot = 0
            self._start30 = ticks.add(self._start30, ANCHOR_PERIOD_US)
            was -= ANCHOR_PERIOD_US
        slot_us = self._slots[self._slot]
        self.deadline = ticks.add(self.deadline, slot_us - was)
        self.hub30 = ticks.add(self._start30, slot_us)
        self.aligned = False
        if self._timesync.locked:
            self._follow()

    def _follow(self):
        timesync = self._timesync
        error = ticks.diff(timesync.to_local(self.hub30), self.deadline)
        off_grid = ticks.diff(self._start30, timesync.anchor_hub30) % ANCHOR_PERIOD_US
        if off_grid or error > self.frame_us or error < -self.frame_us:
            self._take_nearest_name()
            error = ticks.diff(timesync.to_local(self.hub30), self.deadline)
        slew = max(-self._slew_us, min(self._slew_us, error))
        self.deadline = ticks.add(self.deadline, slew)
        left = slew - error  # how much later than its nominal time the frame now is
        self.aligned = -ALIGNED_US < left < ALIGNED_US
        if not self.aligned:
            self.hub30 = ticks.add(self.hub30, left)

    def _take_nearest_name(self):
        """Call the frame at `deadline` what the frame of the shared grid nearest to it is called."""
        anchor30 = self._timesync.anchor_hub30
        gone = ticks.diff(self._timesync.to_hub(self.deadline), anchor30)
        inside = gone % ANCHOR_PERIOD_US
        periods = gone - inside
        slot = (inside * len(self._slots) + ANCHOR_PERIOD_US // 2) // ANCHOR_PERIOD_US
        if slot == len(self._slots):
            slot = 0
            periods += ANCHOR_PERIOD_US
        self.renames += 1
        self._slot = slot
        self._start30 = ticks.add(anchor30, periods)
        self.hub30 = ticks.add(self._start30, self._slots[slot])

    def _begin_at(self, now, behind):
        """After a stop: no counting of what was missed. Names stay right to a whole grid period."""
        self.deadline = now
        whole = behind - behind % ANCHOR_PERIOD_US
        self._start30 = ticks.add(self._start30, whole)
