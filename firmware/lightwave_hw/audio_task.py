"""Sound on the other core: a C task reads the microphone and analyses it; Python only reads its snapshots."""

from array import array

from lightwave import ticks
from lightwave.compat import const
from lightwave.histogram import Histogram
from lightwave.packets import low30

_STATS = const(8)  # audio_task_stats: in the order of mod_audio.c
_OVERRUNS_AT = const(1)
_CORE_AT = const(3)
_READER_STATS = const(5)  # audio_stats: hops, retries, failures, torn, clips
_HOPS_AT = const(0)
_TORN_AT = const(3)
_LATENCY_LIMIT_US = const(100000)
_HOP_AT = const(0)  # firmware/native/snapshot.h
_CAPTURED_AT = const(4)
_PUBLISHED_AT = const(8)


class TaskMicrophone:
    """`read` is HOT and the render thread's: it allocates nothing."""

    def __init__(self, native, pins, settings):
        self._native = native
        self.run = None  # no thread of Python's
        self.snapshot_size = native.snapshot_size()
        self.latency_us = Histogram(_LATENCY_LIMIT_US, 64)  # of the snapshots read: last sample to published
        self._last_hop = 0
        self._stats = array("I", [0] * _STATS)
        self._reader_stats = array("I", [0] * _READER_STATS)
        rate, hop = settings[:2]
        native.audio_task_start(pins["sck"], pins["ws"], pins["sd"], rate, hop, array("i", settings[2:]))

    def read(self, snapshot):
        """Copy the newest snapshot; False when the task was in the way all the time, and the old one stays."""
        if not self._native.snapshot_read(snapshot):
            return False
        hop = low30(snapshot, _HOP_AT)
        if hop != self._last_hop:
            self._last_hop = hop
            self.latency_us.add(ticks.diff(low30(snapshot, _PUBLISHED_AT), low30(snapshot, _CAPTURED_AT)))
        return True

    @property
    def hops(self):
        self._native.audio_stats(self._reader_stats)
        return self._reader_stats[_HOPS_AT]

    @property
    def core(self):
        self._native.audio_task_stats(self._stats)
        return self._stats[_CORE_AT]

    def torn(self):
        """Snapshots that the lock let through half written: none, ever."""
        self._native.audio_stats(self._reader_stats)
        return self._reader_stats[_TORN_AT]

    def report(self):
        """Counters for the keepalive. Not HOT."""
        self._native.audio_task_stats(self._stats)
        return {"audio_overruns": self._stats[_OVERRUNS_AT]}

    def stop(self):
        """Nothing waits for a block here."""

    def close(self):
        """The snapshot is silence again."""
        self._native.audio_task_stop()
