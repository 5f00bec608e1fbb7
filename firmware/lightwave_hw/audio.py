"""Sound: I2S blocks into the C analysis, and its snapshots for the renderer.

A thread of its own runs `run`. Two buffers take turns: while one is analysed (without the GIL) the other is filled.
"""

from array import array

from machine import I2S, Pin

from lightwave import ticks
from lightwave.compat import allocate_lock, const
from lightwave.histogram import Histogram

_BLOCK_FRAMES = const(256)  # what the DMA delivers at once; one or more hops
_BYTES_PER_FRAME = const(4)
_DMA_BLOCKS = const(4)
_STATS = const(5)  # hops, retries, failures, torn, clips
_TORN_AT = const(3)
_LATENCY_LIMIT_US = const(100000)


class Microphone:
    """`read` is HOT and the render thread's, `run` the audio thread's: after creation neither allocates."""

    def __init__(self, native, clock, pins, settings, core):
        rate, hop = settings[:2]
        self.core = core
        self._native = native  # the module _lightwave, imported once: its import begins everything anew
        self._clock = clock
        self.snapshot_size = native.snapshot_size()
        self.read = native.snapshot_read
        self.latency_us = Histogram(_LATENCY_LIMIT_US, 64)  # a block's last sample to its snapshot
        self.hops = 0
        self._stats = array("I", [0] * _STATS)
        self._buffers = (bytearray(_BLOCK_FRAMES * _BYTES_PER_FRAME), bytearray(_BLOCK_FRAMES * _BYTES_PER_FRAME))
        self._arrived = 0
        self._block = allocate_lock()  # held while no block is waiting
        self._block.acquire()
        self.running = True
        native.audio_start(rate, hop, array("i", settings[2:]))
        self._i2s = I2S(
            0,
            sck=Pin(pins["sck"]),
            ws=Pin(pins["ws"]),
            sd=Pin(pins["sd"]),
            mode=I2S.RX,
            bits=32,
            format=I2S.MONO,
            rate=rate,
            ibuf=_DMA_BLOCKS * _BLOCK_FRAMES * _BYTES_PER_FRAME,
        )
        self._i2s.irq(self._on_block)

    def run(self):
        """The thread's body, until `stop`."""
        buffers = self._buffers
        filling = 0
        self._i2s.readinto(buffers[filling])
        while True:
            self._block.acquire()
            if not self.running:
                return
            arrived = self._arrived
            full = buffers[filling]
            filling = 1 - filling
            self._i2s.readinto(buffers[filling])
            self.hops += self._native.audio_process(full, arrived)
            self.latency_us.add(ticks.diff(self._clock.now(), arrived))

    def torn(self):
        """Snapshots that the lock let through half written: none, ever."""
        self._native.audio_stats(self._stats)
        return self._stats[_TORN_AT]

    def report(self):
        """Nothing more to tell than the counters above."""
        return {}

    def stop(self):
        """End `run`."""
        self.running = False
        self._wake()

    def close(self):
        """After `run` has ended: the snapshot is silence again."""
        self._i2s.deinit()
        self._native.audio_stop()

    def _on_block(self, _):
        self._arrived = self._clock.now()
        self._wake()

    def _wake(self):
        try:
            if self._block.locked():
                self._block.release()
        except RuntimeError:  # a block arrived between the two: the thread is awake already
            pass
