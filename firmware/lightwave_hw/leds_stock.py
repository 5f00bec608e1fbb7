"""The LED port that runs on any MicroPython for ESP32: esp32.RMT, 60 frames a second.

`write_pulses` takes a list of pulse lengths, converts it while it holds the GIL (about 2 ms for 160 LEDs on a board)
and transmits by itself. So one list per distinct strip length serves all strips, is filled by a kernel just before
it is handed over, and the second strip starts that much after the first.
"""

import esp32
from machine import Pin

from lightwave import ticks
from lightwave.compat import const

_CLOCK_DIV = const(8)  # 80 MHz / 8: pulse lengths in 100 ns, as encode_pulses makes them
_PULSES_PER_BYTE = const(16)
_BIT_NS = const(1200)
_LATCH_US = const(280)  # low for this long, the LEDs take their colours


class StockLedPort:
    """Two calls a frame: `load` each strip, then `show`. HOT: nothing but creation allocates; the render thread's.

    wire_us   from the start of a frame until its last LED shows it
    strip_wire_us  of each strip: from its first bit to its last
    shown     frames started, per strip
    busy      frames lost because the strip was still sending the one before
    """

    def __init__(self, clock, kernels, pins, lengths):
        self._clock = clock
        self._kernels = kernels
        self._channels = [esp32.RMT(i, pin=Pin(pins[i]), clock_div=_CLOCK_DIV) for i in range(len(pins))]
        self._wires = [bytearray(3 * length) for length in lengths]
        lists = {length: [0] * (3 * length * _PULSES_PER_BYTE) for length in lengths}
        slots = {length: kernels.pulse_slots(lists[length]) for length in lengths}
        self._pulses = [lists[length] for length in lengths]
        self._slots = [slots[length] for length in lengths]
        self._sending = [False] * len(lengths)
        self.strip_wire_us = [length * 24 * _BIT_NS // 1000 for length in lengths]
        self.wire_us = max(self.strip_wire_us) + _LATCH_US
        self.shown = [0] * len(lengths)
        self.busy = 0

    def load(self, strip, wire):
        """Take a finished frame; it must not change before `show`, which follows at once."""
        self._wires[strip] = wire

    def show(self, at):
        """Start all strips at local time `at`, or now if that is past; how many us late the first one started."""
        self._encode(0)
        self._clock.sleep_until(at)
        late_us = ticks.diff(self._clock.now(), at)
        self._start(0)
        for strip in range(1, len(self._channels)):
            self._encode(strip)
            self._start(strip)
        return late_us

    def report(self):
        """Counters for the keepalive. Not HOT."""
        return {"led_busy": self.busy}

    def dark(self):
        """Switch all LEDs off, and wait until they are. Not for the hot path."""
        for strip in range(len(self._channels)):
            self._channels[strip].wait_done(timeout=100)
            self._wires[strip] = bytearray(len(self._wires[strip]))
        self.show(self._clock.now())
        self._clock.sleep_ms(self.wire_us // 1000 + 1)

    def close(self):
        for channel in self._channels:
            channel.deinit()

    def _encode(self, strip):
        wire = self._wires[strip]
        self._kernels.encode_pulses(self._slots[strip], wire, len(wire))

    def _start(self, strip):
        channel = self._channels[strip]
        if self._sending[strip] and not channel.wait_done():
            self.busy += 1
            return
        channel.write_pulses(self._pulses[strip])
        self._sending[strip] = True
        self.shown[strip] += 1
