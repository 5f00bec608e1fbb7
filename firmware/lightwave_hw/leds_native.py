"""The LED port of our own image: the C module copies finished frames and starts both strips at their tick by itself."""

from array import array

from lightwave import ticks
from lightwave.compat import const

_STATS = const(11)  # in the order of mod_leds.c
_LATE_AT = const(1)
_BUSY_AT = const(2)
_ERRORS_AT = const(3)
_START_MAX_AT = const(4)
_START_P99_AT = const(5)
_WAKE_P99_AT = const(7)
_LED_US = const(30)
_LATCH_US = const(280)  # low for this long, the LEDs take their colours


class NativeLedPort:
    """Two calls a frame: `load` each strip, then `show`, which never waits. HOT: nothing but creation allocates; the
    render thread's.

    wire_us   from the start of a frame until its last LED shows it
    strip_wire_us  of each strip: from its first bit to its last
    shown     frames handed over, per strip
    """

    def __init__(self, native, clock, pins, lengths):
        self._native = native
        self._clock = clock
        self._wires = [bytearray(3 * length) for length in lengths] + [b""] * (2 - len(lengths))
        self._stats = array("I", [0] * _STATS)
        self.strip_wire_us = [length * _LED_US for length in lengths]
        self.wire_us = max(self.strip_wire_us) + _LATCH_US
        self.shown = [0] * len(lengths)
        self._show = native.leds_show
        self._busy_code = native.LEDS_BUSY
        second = (pins[1], lengths[1]) if len(lengths) > 1 else (0, 0)
        native.leds_start(pins[0], lengths[0], second[0], second[1])

    def load(self, strip, wire):
        """Take a finished frame; it must not change before `show`, which follows at once."""
        self._wires[strip] = wire

    def show(self, at):
        """Have all strips start at local time `at`, or now if that is past; how many us late that is."""
        self._count(self._show(self._wires[0], self._wires[1], at))
        late_us = ticks.diff(self._clock.now(), at)
        return late_us if late_us > 0 else 0

    def _count(self, code):
        if code >= 0:
            for strip in range(len(self.shown)):
                self.shown[strip] += 1
        elif code != self._busy_code:  # busy is counted in C: that frame is lost, the next has room
            raise OSError(code, "leds_show")

    def report(self):
        """Counters for the keepalive. Not HOT."""
        stats = self._stats
        self._native.leds_stats(stats)
        return {
            "led_late": stats[_LATE_AT],
            "led_busy": stats[_BUSY_AT],
            "led_errors": stats[_ERRORS_AT],
            "led_start_us_max": stats[_START_MAX_AT],
            "led_start_us_p99": stats[_START_P99_AT],
            "led_wake_us_p99": stats[_WAKE_P99_AT],
        }

    def dark(self):
        """Switch all LEDs off, and wait until they are. Not for the hot path."""
        for wire in range(len(self.shown)):
            self._wires[wire] = bytearray(len(self._wires[wire]))
        # Up to two frames may still be under way.
        for _ in range(3):
            self._clock.sleep_ms(self.wire_us // 1000 + 1)
        self.show(self._clock.now())
        self._clock.sleep_ms(self.wire_us // 1000 + 1)

    def close(self):
        self._native.leds_stop()
