"""Time as the node measures it: 30-bit microseconds, and ways of waiting that let the other threads run."""

import select
import time

from lightwave import ticks
from lightwave.compat import const

_EXACT_US = const(1600)  # the end of an exact wait: kept to the microsecond, holding the GIL


class Clock:
    """HOT: nothing but creation allocates. Any thread may use `now` and `sleep_ms`; the waits belong to the render
    thread, because a poll object serves one thread.

    `time.sleep_ms` holds the GIL for the last RTOS tick of its wait, which is 10 ms on stock MicroPython. `poll`
    without sockets lets go of it throughout, but wakes on a tick; so we measure how long a tick is.
    """

    def __init__(self):
        self.now = time.ticks_us
        self.sleep_ms = time.sleep_ms
        self._poll = select.poll()
        self.tick_us = self._measure_tick()

    def sleep_towards(self, deadline):
        """Wait until about a local time: up to a tick late, never holding the GIL."""
        left = ticks.diff(deadline, self.now())
        if left >= 1000:
            self._poll.ipoll(left // 1000)

    def sleep_until(self, deadline):
        """Wait until exactly a local time; returns at once if it is past."""
        left = ticks.diff(deadline, self.now())
        while left > _EXACT_US:
            if left > self.tick_us + _EXACT_US:
                self._poll.ipoll((left - self.tick_us) // 1000)
            else:
                self.sleep_ms(0)  # gives way to the other threads and comes back
            left = ticks.diff(deadline, self.now())
        if left > 0:
            time.sleep_us(left)

    def _measure_tick(self):
        shortest = 20000
        for attempt in range(3):
            began = self.now()
            self._poll.ipoll(1)
            if attempt:  # the first began somewhere within a tick
                shortest = min(shortest, ticks.diff(self.now(), began))
        return shortest
