# The machine module of the ESP32 port, as far as a node's hardware goes.


from sys import exit as soft_reset  # noqa: F401 - this module's interface

import _sim
from _sim import I2S, reset_cause  # noqa: F401

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

_frequency = 160_000_000


def unique_id():
    return bytes(int(part, 16) for part in _sim.env("K1_SIM_MAC", "02:00:00:00:00:01").split(":"))


def reset():
    _sim.reset(HARD_RESET)


def freq(hz=None):
    global _frequency
    if hz is None:
        return _frequency
    if hz not in (20_000_000, 40_000_000, 80_000_000, 160_000_000, 240_000_000):
        raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz")
    _frequency = hz
    return None


def idle():
    from time import sleep_ms

    sleep_ms(1)


class Pin:
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_UP = 2
    PULL_DOWN = 1
    IRQ_RISING = 1
    IRQ_FALLING = 2

    _levels = bytearray(49)

    def __init__(self, id, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
        number = id.id() if isinstance(id, Pin) else id
        # GPIO 22 to 25 do not exist on an ESP32-S3.
        if not 0 <= number <= 48 or 22 <= number <= 25:
            raise ValueError("invalid pin")
        self._number = number
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
        if pull == Pin.PULL_UP and mode == Pin.IN:
            self._levels[self._number] = 1
        if value is not None:
            self.value(value)

    def id(self):
        return self._number

    def value(self, level=None):
        if level is None:
            return self._levels[self._number]
        self._levels[self._number] = 1 if level else 0
        return None

    def __call__(self, level=None):
        return self.value(level)

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def toggle(self):
        self.value(not self.value())

    def __repr__(self):
        return "Pin(%d)" % self._number


class WDT:
    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        _sim.watchdog_start(timeout)

    def feed(self):
        _sim.watchdog_feed()
