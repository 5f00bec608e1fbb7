"""Time as 30-bit microseconds: what `time.ticks_us()` gives and what hub time is cut down to.

Two moments can be compared while they are less than 2^29 us (8.9 minutes) apart. Nothing here allocates: no
intermediate leaves MicroPython's small integers, which on a 32-bit board are -2^30..2^30-1. Note that PERIOD itself
is not one of them.
"""

from .compat import const

PERIOD = 1 << 30
MASK = const(0x3FFFFFFF)
HALF = const(0x20000000)
_MINUS_PERIOD = const(-0x3FFFFFFF - 1)  # as one literal it would be a long integer


def add(a: int, delta: int) -> int:
    """The moment `delta` us after `a`. HOT. `a` in 0..2^30-1, `delta` in -2^30..2^30-1."""
    if delta > 0:
        return (a + _MINUS_PERIOD + delta) & MASK  # a + delta alone may reach 2^31
    return (a + delta) & MASK


def diff(a: int, b: int) -> int:
    """a - b in us, -2^29..2^29-1: positive when `a` is later. HOT."""
    return (((a - b) & MASK) ^ HALF) - HALF


def before(a: int, b: int) -> bool:
    """Is `a` earlier than `b`? HOT."""
    return (a - b) & HALF != 0
