"""A new application proves itself: connected, locked and drawing at its rate for a while, or it is not kept.

Imported only by a start on trial.
"""

from lightwave import ticks
from lightwave.compat import const

PATIENCE_S = 60  # beyond the time of being healthy: joining, connecting and locking take some of it
_SECOND_US = const(1000000)
_DRAWS_PCT = const(90)  # of the configured frames


class Trial:
    """`step` often. `pct` is how far it is; `over` when it was healthy for `seconds` in a row, or had its time."""

    def __init__(self, clock, timesync, telemetry, fps, seconds):
        self._clock = clock
        self._timesync = timesync
        self._telemetry = telemetry
        self._least_fps = fps * _DRAWS_PCT / 100
        self._seconds = seconds
        self._second_began = clock.now()
        self._age_s = 0
        self._healthy_s = 0
        self._was_healthy = True  # all through the running second
        self.pct = 0

    @property
    def passed(self):
        return self._healthy_s >= self._seconds

    @property
    def over(self):
        return self.passed or self._age_s >= self._seconds + PATIENCE_S

    def step(self, in_session):
        """`in_session`: the control plane is up."""
        if not (in_session and self._timesync.locked and self._telemetry.draws(self._least_fps)):
            self._was_healthy = False
        if ticks.diff(self._clock.now(), self._second_began) >= _SECOND_US:
            self._second_began = self._clock.now()
            self._age_s += 1
            self._healthy_s = self._healthy_s + 1 if self._was_healthy else 0
            self._was_healthy = True
            self.pct = min(100, self._healthy_s * 100 // self._seconds)
