"""What the strips show, for whoever watches on the hub's page: cells of colour, a few times a second.

The render thread has no part in it. The control thread reads the wire bytes that are there already: one kernel call a
strip, which as machine code keeps the GIL, so a strip is sampled whole; the two may be a frame apart.
"""

from lightwave import messages, ticks


class Preview:
    """One buffer, made once. Nothing is sampled or sent unless the hub asked for it."""

    def __init__(self, clock, kernels, strips):
        self._clock = clock
        self._sample = kernels.sample
        self._strips = strips
        self._cells = [min(strip.count, messages.PREVIEW_CELLS) for strip in strips]
        self._out = bytearray(messages.PREVIEW_HEAD + sum([1 + 3 * cells for cells in self._cells]))
        self._view = memoryview(self._out)
        self._out[2] = messages.PREVIEW_VERSION
        self._out[3] = len(strips)
        self._period_us = 0  # 0: nobody watches
        self._due = 0

    def begin_session(self, node_id):
        """A hub that wants to watch says so anew."""
        self._out[0] = node_id & 255
        self._out[1] = node_id >> 8
        self._period_us = 0

    def order(self, fps):
        """So many a second from now on; 0: none."""
        self._period_us = 1000000 // fps if fps else 0
        self._due = self._clock.now()

    def wait_us(self, now, most_us):
        """How long until the next one is due, at most `most_us`."""
        return min(most_us, ticks.diff(self._due, now)) if self._period_us else most_us

    def step(self, offer):
        """Send one if it is due. One that the connection cannot take at once is left out: the next is newer."""
        now = self._clock.now()
        if not self._period_us or ticks.before(now, self._due):
            return
        self._due = ticks.add(now, self._period_us)
        at = messages.PREVIEW_HEAD
        for i, strip in enumerate(self._strips):
            cells = self._cells[i]
            self._out[at] = cells
            self._sample(self._out, at + 1, cells, strip.wire, strip.count)
            at += 1 + 3 * cells
        offer(self._view)
