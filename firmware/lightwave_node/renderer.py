"""The render loop: events at frame boundaries, both strips, out on the deadline.

A thread of its own, and the only one that touches the show state, the strips and the LED port. HOT: a frame allocates
nothing (tests/node/test_both_hot_path.py runs it under a locked heap) and waits for nothing but its own deadlines.
"""

from lightwave import ticks
from lightwave.compat import const
from lightwave.histogram import Histogram
from lightwave.packets import (
    BEAT_BPM_X100_AT,
    BEAT_COUNT_AT,
    BEAT_PHASE_AT,
    BEAT_TICK,
    SCENE_CHANGE,
    STATE,
    STATE_BEAT_AT,
    low30,
    u16,
)
from lightwave_node.fallback import IDLE, LIVE

_MAX_EVENTS = const(64)  # a frame takes at most a full queue
_SOFTEN_MS = const(250)
_LATE_US = const(1000)  # a frame that starts later than this after its deadline is a late one
_HISTOGRAM_LIMIT_US = const(100000)
_HISTOGRAM_BUCKETS = const(128)


class Renderer:
    """Counters for other threads to read: `frames`, `frames_late`, `applied`, `late` (edges), `render_us`,
    `start_us` (histograms: computing a frame, `strip_us` one strip of it; start of a frame after its deadline), and
    what `hearing` counts."""

    def __init__(self, clock, grid, timesync, stream, queue, hearing, show, strips, fallback, port, lead_us):
        self._clock = clock
        self._grid = grid
        self._timesync = timesync
        self._stream = stream
        self._queue = queue
        self._events = queue.data
        self.hearing = hearing
        self._show = show
        self._strips = strips
        self._fallback = fallback
        self._port = port
        self._lead_us = lead_us
        self._sessions = 0
        self._renames = 0
        self._idle = False
        self._since = 0  # hub time from which the event being applied counts
        self.running = True
        self.frames = 0
        self._started_late = 0
        self.applied = 0
        self.late = 0
        self.render_us = Histogram(_HISTOGRAM_LIMIT_US, _HISTOGRAM_BUCKETS)
        self.strip_us = [Histogram(_HISTOGRAM_LIMIT_US, _HISTOGRAM_BUCKETS) for _ in strips]
        self.start_us = Histogram(_HISTOGRAM_LIMIT_US, _HISTOGRAM_BUCKETS)

    @property
    def repaired(self):
        """STATEs that put right what edges had missed."""
        return self._show.repaired

    @property
    def frames_late(self):
        """Frames that started late or not at all."""
        return self._started_late + self._grid.skipped

    def run(self):
        """The thread's body, until `running` is False."""
        try:
            while self.running:
                self.frame()
        finally:
            self._port.dark()

    def frame(self):
        """Draw the next frame of the grid and hand it to the LEDs. HOT."""
        clock = self._clock
        grid = self._grid
        grid.next(clock.now())
        clock.sleep_towards(ticks.add(grid.deadline, -self._lead_us))
        began = clock.now()
        self._take_events()
        self._fallback.update(grid.deadline, grid.hub30, self._stream, self._show)
        self._draw()
        self.render_us.add(ticks.diff(clock.now(), began))
        late_us = self._port.show(grid.deadline)
        self.start_us.add(late_us)
        if late_us > _LATE_US:
            self._started_late += 1
        self.frames += 1

    def _take_events(self):
        self._note_new_clock()
        until30 = self._grid.hub30 if self._timesync.locked else self._stream.apply_until30
        for _ in range(_MAX_EVENTS):
            slot = self._queue.pop_due(until30)
            if slot < 0:
                return
            self._apply(slot)
            self._queue.release(slot)

    def _note_new_clock(self):
        """After a new session its STATEs begin anew; after a new lock, what moves by hub time is about to jump."""
        if self._stream.sessions != self._sessions:
            self._sessions = self._stream.sessions
            self._show.forget_state()
        if self._grid.renames != self._renames:
            self._renames = self._grid.renames
            self._show.soften(_SOFTEN_MS, self._grid.hub30)

    def _apply(self, slot):
        # While unlocked an event's hub time means nothing to us yet: on arrival is now.
        self._since = self._queue.due[slot] if self._timesync.locked else self._grid.hub30
        kind = self._queue.kind[slot]
        at = slot * self._queue.stride
        if kind == BEAT_TICK:
            self._set_beat(at)
        elif kind == STATE:
            self._set_beat(at + STATE_BEAT_AT)
            self._show.apply_state(self._events, at, self._queue.due[slot], self._since)
        elif self._show.apply_edge(self._events, at, self._queue.due[slot], kind == SCENE_CHANGE, self._since):
            self.applied += 1
            # Late: the frame before this one was its frame, or an earlier.
            if ticks.diff(self._grid.hub30, self._since) > self._grid.frame_us:
                self.late += 1

    def _set_beat(self, at):
        """Beats are kept in local time, which never jumps."""
        self.hearing.set_hub(
            u16(self._events, at + BEAT_BPM_X100_AT),
            u16(self._events, at + BEAT_PHASE_AT),
            low30(self._events, at + BEAT_COUNT_AT),
            self._timesync.to_local(self._since) if self._timesync.locked else self._grid.deadline,
        )

    def _draw(self):
        self._set_moment()
        self._idle = self._fallback.mode == IDLE
        for i in range(len(self._strips)):
            self._draw_strip(i)

    def _set_moment(self):
        """That at which the last LED has its colour."""
        hearing = self.hearing
        hearing.moment.hub30 = ticks.add(self._grid.hub30, self._port.wire_us)
        hearing.update(ticks.add(self._grid.deadline, self._port.wire_us), self._fallback.mode == LIVE)

    def _draw_strip(self, i):
        began = self._clock.now()
        look = self._fallback.look if self._idle else self._show.channels[i]
        strip = self._strips[i]
        strip.render(look, self._show.level(look), self.hearing.moment)
        self._port.load(i, strip.wire)
        self.strip_us[i].add(ticks.diff(self._clock.now(), began))
