"""Inputs and results that every kernel module must agree on: the plain and the viper twins.

Runs on both interpreters. `check(kernels)` raises AssertionError naming the kernel that is wrong.
"""

from array import array

COUNT = 5
RED = (65535, 0, 0)
SPECTRUM_AT = 20


def words(*values):
    return array("H", values)


def ramp(count):
    return array("H", [(i * 4099 + 77) & 0xFFFF for i in range(count)])


def same(name, got, wanted):
    assert list(got) == list(wanted), name + ": " + repr(list(got)) + " is not " + repr(list(wanted))


def check_copy(kernels):
    target = array("H", bytes(6 * COUNT))
    kernels.copy(target, ramp(3 * COUNT), COUNT - 1)
    same("copy", target, list(ramp(15))[:12] + [0] * 3)


def check_fill(kernels):
    pixels = array("H", bytes(6 * COUNT))
    kernels.fill(pixels, 1, 3, words(65535, 1, 32768))
    same("fill", pixels, [0] * 3 + [65535, 1, 32768] * 3 + [0] * 3)


def check_dim(kernels):
    pixels = words(65535, 256, 255, 1, 0, 40000)
    kernels.dim(pixels, 2, 128)
    same("dim", pixels, [32767, 128, 127, 0, 0, 20000])
    kernels.dim(pixels, 2, 256)
    same("dim by 256", pixels, [32767, 128, 127, 0, 0, 20000])


def check_spread(kernels):
    table = array("H", bytes(6 * 256))
    kernels.spread(table, words(0, 65535, 0, 0, 128, 0, 65535, 0, 255, 0, 0, 65535), 3)
    for entry, colour in (
        (0, RED),
        (64, (32767, 32767, 0)),
        (127, (511, 65023, 0)),
        (128, (0, 65535, 0)),
        (255, (0, 0, 65535)),
    ):
        same("spread at " + str(entry), table[3 * entry : 3 * entry + 3], colour)


def check_sample(kernels):
    table = array("H", bytes(6 * 256))
    kernels.spread(table, words(0, 0, 0, 0, 255, 65535, 255, 0), 2)
    pixels = array("H", bytes(6 * COUNT))
    kernels.sample(pixels, COUNT, table, 65280, 13000)  # from the last entry round to the first
    entries = [((65280 + i * 13000) >> 8) & 255 for i in range(COUNT)]
    same("sample", pixels, [v for entry in entries for v in table[3 * entry : 3 * entry + 3]])


def check_mirror(kernels):
    odd = ramp(15)
    kernels.mirror(odd, 5)
    start = list(ramp(15))
    same("mirror odd", odd, start[:9] + start[3:6] + start[:3])
    even = ramp(12)
    kernels.mirror(even, 4)
    same("mirror even", even, start[:6] + start[3:6] + start[:3])
    one = ramp(3)
    kernels.mirror(one, 1)
    same("mirror one", one, ramp(3))


def check_blur(kernels):
    pixels = words(0, 0, 0, 65535, 0, 65535, 0, 0, 0)
    kernels.blur(pixels, 3, 0)
    same("blur by nothing", pixels, [0, 0, 0, 65535, 0, 65535, 0, 0, 0])
    kernels.blur(pixels, 3, 255)
    same("blur", pixels, [12287, 0, 12287, 24671, 0, 24671, 16383, 0, 16383])
    kernels.blur(pixels, 1, 255)


def check_blend(kernels):
    pixels = words(65535, 0, 1000)
    kernels.blend(pixels, words(0, 65535, 1000), 1, 512)
    same("blend", pixels, [32767, 32767, 1000])
    kernels.blend(pixels, words(0, 65535, 7), 1, 1024)
    same("blend to the end", pixels, [32767, 32767, 1000])
    kernels.blend(pixels, words(0, 65535, 7), 1, 0)
    same("blend from the start", pixels, [0, 65535, 7])


def check_follow_spectrum(kernels):
    snapshot = bytearray(SPECTRUM_AT + 6)
    snapshot[SPECTRUM_AT : SPECTRUM_AT + 6] = b"\xff\xff\x00\x01\x00\x00"
    levels = words(100, 65535, 512)
    kernels.follow_spectrum(levels, snapshot, 3, 128)
    same("follow_spectrum", levels, [65535, 32767, 256])


def check_bars(kernels):
    table = array("H", bytes(6 * 256))
    kernels.spread(table, words(0, 65535, 65535, 0, 255, 65535, 65535, 0), 2)
    pixels = array("H", bytes(6 * COUNT))
    kernels.bars(pixels, COUNT, words(0, 65535, 0), 3, table)
    same("bars", pixels, [0, 0, 0, 32763, 32763, 0, 65531, 65531, 0, 32763, 32763, 0, 0, 0, 0])
    kernels.bars(pixels, 1, words(65535, 0), 2, table)
    same("bars on one LED", pixels[:3], [65531, 65531, 0])


def check_to_wire(kernels):
    pixels = words(65535, 32768, 255, 0, 256, 65280)
    wire = bytearray(6)
    kernels.to_wire(pixels, wire, 2, 256)
    same("to_wire", wire, [128, 255, 0, 1, 0, 255])
    kernels.to_wire(pixels, wire, 2, 128)
    same("to_wire at half", wire, [64, 127, 0, 0, 0, 127])
    kernels.to_wire(pixels, wire, 2, 0)
    same("to_wire off", wire, [0] * 6)


def check_encode_pulses(kernels):
    pulses = [0] * 32
    slots = kernels.pulse_slots(pulses)
    kernels.encode_pulses(slots, b"\x00\xff", 2)
    same("encode_pulses", pulses, [4, 8] * 8 + [8, 4] * 8)
    kernels.encode_pulses(slots, b"\x81\x01", 2)
    same("encode_pulses", pulses, [8, 4] + [4, 8] * 6 + [8, 4] + [4, 8] * 7 + [8, 4])


def check_xor_mask(kernels):
    data = bytearray(b"..Hello")
    kernels.xor_mask(data, 2, 5, b"\x37\xfa\x21\x3d")  # the example of RFC 6455, section 5.7
    same("xor_mask", data, b"..\x7f\x9f\x4d\x51\x58")


CHECKS = (
    check_copy,
    check_fill,
    check_dim,
    check_spread,
    check_sample,
    check_mirror,
    check_blur,
    check_blend,
    check_follow_spectrum,
    check_bars,
    check_to_wire,
    check_encode_pulses,
    check_xor_mask,
)


def check(kernels):
    for each in CHECKS:
        each(kernels)
