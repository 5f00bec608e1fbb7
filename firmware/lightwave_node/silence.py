"""Stands for the microphone where there is none."""

from lightwave.compat import const
from lightwave.histogram import Histogram

_SNAPSHOT_SIZE = const(152)  # as firmware/native/snapshot.h has it


class Silence:
    """`why` is for people. `read` leaves the snapshot as it is: all zero."""

    def __init__(self, why):
        self.why = why
        self.run = None  # no thread
        self.core = None
        self.snapshot_size = _SNAPSHOT_SIZE
        self.latency_us = Histogram(1000, 16)
        self.hops = 0

    def read(self, snapshot):
        return True

    def torn(self):
        return 0

    def report(self):
        return {}

    def stop(self):
        pass

    def close(self):
        pass
