"""Both twins of every kernel on inputs that nobody chose. Runs on both interpreters; repeatable."""

from array import array

from lightwave_node.light import FULL, LINEAR, THRESHOLDS, gain

COUNT = 23


class Chance:
    """A small generator, because MicroPython's random differs from CPython's."""

    def __init__(self, seed):
        self._state = seed * 2 + 1

    def below(self, limit):
        """0..limit-1, `limit` up to 2^24."""
        self._state = (self._state * 75 + 74) % 65537
        high = self._state & 0xFFFF
        self._state = (self._state * 75 + 74) % 65537
        return (high << 8 ^ self._state) % limit

    def words(self, count):
        """Some small, some zero, some full, most anything."""
        return array("H", [self._word() for _ in range(count)])

    def _word(self):
        value = self.below(65536)
        return (value, value, value, value, 0, 65535, value >> 8, value & 255)[self.below(8)]

    def bytes(self, count):
        return bytearray([self.below(256) for _ in range(count)])

    def signed(self, limit):
        return self.below(2 * limit) - limit


def _stops(chance):
    stops = chance.bytes(16)
    stops[0], stops[12] = 0, 255
    stops[4] = 1 + chance.below(100)
    stops[8] = 120 + chance.below(100)
    return stops


def _state(chance):
    return array("H", [1 + chance.below(65535), chance.below(256)])


# kernel: its arguments, made by a Chance and a count of LEDs up to COUNT.
ARGUMENTS = {
    "copy": lambda c, n: (c.words(COUNT), c.words(COUNT), n),
    "ramp": lambda c, n: (c.words(COUNT), n, c.below(65536), c.signed(1 << 20)),
    "swell": lambda c, n: (c.words(COUNT), n, c.signed(65536), c.signed(1 << 20), c.below(257)),
    "fade": lambda c, n: (c.words(COUNT), n, c.below(16385)),
    "spot": lambda c, n: (c.words(COUNT), n, c.signed(9000), 1 + c.below(3000)),
    "box": lambda c, n: (c.words(COUNT), n, c.signed(9000), c.signed(9000), c.below(65536)),
    "tail": lambda c, n: (c.words(COUNT), n, c.below(256 * n), 1 + c.below(272 * n)),
    "shift": lambda c, n: (c.words(COUNT), n, c.below(10), c.below(65536)),
    "fold": lambda c, n: (c.words(COUNT), n, 1 + c.below(n)),
    "sow": lambda c, n: (c.words(COUNT), c.words(COUNT), n, _state(c), c.below(2000), c.below(65536)),
    "twinkle": lambda c, n: (c.words(COUNT), n, c.below(1 << 20), 2 + c.below(65535)),
    "burn": lambda c, n: (c.words(COUNT), c.words(COUNT), n, _state(c), c.below(16384), c.below(65536)),
    "spread": lambda c, n: (c.words(195), _stops(c), 4, LINEAR, c.below(65536)),
    "paint": lambda c, n: (c.words(3 * COUNT), n, c.words(COUNT), c.words(COUNT), c.words(195)),
    "mirror": lambda c, n: (c.words(3 * COUNT), n),
    "blur": lambda c, n: (c.words(3 * COUNT), n, c.below(256)),
    "blend": lambda c, n: (c.words(3 * COUNT), c.words(3 * COUNT), n, c.below(8193)),
    "to_wire": lambda c, n: (
        c.words(3 * COUNT), c.bytes(3 * COUNT), n, gain(c.below(FULL + 1)), THRESHOLDS, c.below(256)
    ),
    "wipe": lambda c, n: (c.bytes(196), 2 * c.below(20), 2 * c.below(99)),
    "follow": lambda c, n: (c.words(64), c.bytes(196), 2 * c.below(34), c.below(65), c.below(16385)),
    "loudest": lambda c, n: (c.bytes(196), 2 * c.below(32), c.below(65)),
    "octaves": lambda c, n: (c.words(1)[0],),
    "stretch": lambda c, n: (c.words(COUNT), n, c.words(65), 1 + c.below(64)),
    "sample": lambda c, n: (c.bytes(3 * COUNT), 0, 1 + c.below(n), c.bytes(3 * COUNT), n),
    "xor_mask": lambda c, n: (c.bytes(COUNT), c.below(3), c.below(20), c.bytes(4)),
}  # fmt: skip
NOT_HERE = ("encode_pulses", "pulse_slots")  # they take another kind of buffer; kernel_vectors.py has them


def check(kernel, plain, other, rounds=200):
    """`other` must return and leave in its buffers what `plain` does."""
    make = ARGUMENTS[kernel]
    for seed in range(rounds):
        length = 1 + Chance(seed + 7).below(COUNT)
        wanted, got = make(Chance(seed), length), make(Chance(seed), length)
        returned = getattr(plain, kernel)(*wanted)
        assert getattr(other, kernel)(*got) == returned, kernel + " returns otherwise in round " + str(seed)
        for i in range(len(wanted)):
            assert got[i] == wanted[i], kernel + " leaves argument " + str(i) + " otherwise in round " + str(seed)
