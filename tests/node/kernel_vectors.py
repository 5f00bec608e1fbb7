"""Inputs and results that every kernel package must agree on: the plain and the viper twins.

Runs on both interpreters. `check(kernels)` raises AssertionError naming the kernel that is wrong. kernel_random.py
holds the twins to each other on inputs that nobody chose.
"""

from array import array

from lightwave_node import snapshot
from lightwave_node.light import LINEAR, THRESHOLDS


def words(*values):
    return array("H", values)


def zeros(count):
    return array("H", bytes(2 * count))


def ramp_of(count):
    return array("H", [(i * 4099 + 77) & 0xFFFF for i in range(count)])


def same(name, got, wanted):
    assert list(got) == list(wanted), name + ": " + repr(list(got)) + " is not " + repr(list(wanted))


# ---- fields ---------------------------------------------------------------------------------------------------------


def check_copy(kernels):
    target = zeros(5)
    kernels.copy(target, ramp_of(5), 4)
    same("copy", target, list(ramp_of(4)) + [0])


def check_ramp(kernels):
    field = zeros(5)
    kernels.ramp(field, 4, 65000, 300)
    same("ramp", field, [65000, 65300, 64, 364, 0])
    kernels.ramp(field, 5, 7, 0)
    same("ramp of one value", field, [7] * 5)


def check_swell(kernels):
    field = words(0, 0, 0, 0, 0, 60000)
    kernels.swell(field, 5, -65536, 16384, 256)
    same("swell", field, [0, 32768, 65535, 32761, 0, 60000])
    field = words(60000)
    kernels.swell(field, 1, 32768, 0, 128)
    same("swell round the end", field, [(60000 + 32767) & 0xFFFF])


def check_fade(kernels):
    field = words(65535, 1, 0, 40000, 9)
    kernels.fade(field, 4, 8192)
    same("fade", field, [32767, 0, 0, 20000, 9])
    kernels.fade(field, 5, 16384)
    same("fade by nothing", field, [32767, 0, 0, 20000, 9])


def check_spot(kernels):
    field = words(0, 0, 0, 65535, 0)
    kernels.spot(field, 5, 512, 512)
    same("spot", field, [0, 32767, 65534, 65535, 0])
    kernels.spot(field, 5, -256, 512)
    kernels.spot(field, 5, 1280, 300)
    same("spot over both ends", field, [32767, 32767, 65534, 65535, 9611])


def check_box(kernels):
    field = zeros(5)
    kernels.box(field, 5, 384, 832, 60000)
    same("box", field, [0, 30000, 60000, 15000, 0])
    kernels.box(field, 5, -2000, 128, 60000)
    kernels.box(field, 5, 1152, 9000, 2000)
    kernels.box(field, 5, 600, 500, 60000)
    same("box over both ends", field, [30000, 30000, 60000, 15000, 1000])


def check_tail(kernels):
    field = words(0, 0, 0, 5, 0)
    kernels.tail(field, 5, 512, 512)
    same("tail", field, [0, 32767, 65534, 5, 0])
    field = zeros(4)
    kernels.tail(field, 4, 0, 512)
    same("tail round the end", field, [65534, 0, 0, 32767])


def check_shift(kernels):
    field = words(1, 2, 3, 4, 5)
    kernels.shift(field, 4, 1, 9)
    same("shift", field, [9, 1, 2, 3, 5])
    kernels.shift(field, 5, 7, 8)
    same("shift by more than all", field, [8] * 5)


def check_fold(kernels):
    field = words(1, 2, 3, 0, 0, 0, 0, 0, 0)
    kernels.fold(field, 8, 3)
    same("fold", field, [1, 2, 3, 3, 2, 1, 1, 2, 0])
    field = words(4, 0, 0)
    kernels.fold(field, 3, 1)
    same("fold of one", field, [4] * 3)


def check_sow(kernels):
    lights, places, state = zeros(8), zeros(8), words(1, 200)
    kernels.sow(lights, places, 8, state, 400, 60000)
    same("sow: state", state, [24609, 88])
    same("sow: lights", lights, [0, 0, 0, 65535, 65535, 0, 0, 0])
    same("sow: places", places, [0, 0, 0, 64224, 10976, 0, 0, 0])


def check_twinkle(kernels):
    field = zeros(6)
    kernels.twinkle(field, 6, 0, 65536)
    full = list(field)
    kernels.twinkle(field, 6, 1 << 20, 65536)
    same("twinkle after a lap", field, full)
    kernels.twinkle(field, 6, 0, 2)
    same("twinkle rarely", field, [0] * 6)


def check_burn(kernels):
    heats, places, state = words(0, 0, 60000, 0, 0), zeros(5), words(1, 0)
    kernels.burn(heats, places, 5, state, 0, 1000)
    same("burn: heat drifts up", heats[3:], [19921, 39843])
    same("burn: places", places, [(1000 + (heat * 3 >> 2)) & 0xFFFF for heat in heats])
    kernels.burn(words(5), words(0), 1, state, 16383, 0)


# ---- frame ----------------------------------------------------------------------------------------------------------

TO_GREEN = b"\x00\xff\x00\x00\x80\x00\xff\x00\xff\x00\x00\xff"


def table_of(kernels, stops, white=0):
    table = zeros(3 * 65)
    kernels.spread(table, stops, len(stops) // 4, LINEAR, white)
    return table


def check_spread(kernels):
    table = table_of(kernels, TO_GREEN)
    for entry, colour in ((0, (65535, 0, 0)), (32, (255, 65279, 0)), (64, (0, 0, 65535))):
        same("spread at " + str(entry), table[3 * entry : 3 * entry + 3], colour)
    middle = table[16 * 3 : 16 * 3 + 3]
    assert abs(middle[0] - 32895) < 99 and abs(middle[1] - 32639) < 99 and middle[2] == 0, "spread between two stops"
    white = table_of(kernels, TO_GREEN, 65535)
    assert white[0] == 65535 and white[1] == white[2] >= 65530, "spread drawn to white"


def check_paint(kernels):
    pixels = zeros(15)
    table = table_of(kernels, TO_GREEN)
    kernels.paint(pixels, 4, words(0, 0, 65535, 0), words(65535, 32768, 65535, 0), table)
    same("paint", pixels[:6], [65535, 0, 0, 16383, 0, 0])
    same("paint: dark and beyond", pixels[9:], [0] * 6)
    assert pixels[6] == 0 and pixels[8] > 65000, "paint at the end of the table"


def check_mirror(kernels):
    odd = ramp_of(15)
    kernels.mirror(odd, 5)
    start = list(ramp_of(15))
    same("mirror odd", odd, start[:9] + start[3:6] + start[:3])
    even = ramp_of(12)
    kernels.mirror(even, 4)
    same("mirror even", even, start[:6] + start[3:6] + start[:3])
    one = ramp_of(3)
    kernels.mirror(one, 1)
    same("mirror one", one, ramp_of(3))


def check_blur(kernels):
    pixels = words(0, 0, 0, 65535, 0, 65535, 0, 0, 0)
    kernels.blur(pixels, 3, 0)
    same("blur by nothing", pixels, [0, 0, 0, 65535, 0, 65535, 0, 0, 0])
    kernels.blur(pixels, 3, 255)
    same("blur", pixels, [12287, 0, 12287, 24671, 0, 24671, 16383, 0, 16383])
    kernels.blur(pixels, 1, 255)


def check_blend(kernels):
    pixels = words(65535, 0, 1000)
    kernels.blend(pixels, words(0, 65535, 1000), 1, 4096)
    same("blend", pixels, [32767, 32767, 1000])
    kernels.blend(pixels, words(0, 65535, 7), 1, 8192)
    same("blend to the end", pixels, [32767, 32767, 1000])
    kernels.blend(pixels, words(0, 65535, 7), 1, 0)
    same("blend from the start", pixels, [0, 65535, 7])


def check_to_wire(kernels):
    wire = bytearray(6)
    for turn in range(256):
        kernels.to_wire(words(65535, 32768, 0, 0, 64, 65535), wire, 2, 16320, THRESHOLDS, turn)
        assert wire[1] == wire[5] == 255 and wire[2] == 0 and wire[4] == 0, "to_wire: what no threshold changes"
        assert wire[0] in (127, 128), "to_wire: a fraction"
        kernels.to_wire(words(65535, 32768, 255, 0, 256, 65280), wire, 2, 0, THRESHOLDS, turn)
        same("to_wire off", wire, [0] * 6)


# ---- sound and link -------------------------------------------------------------------------------------------------


def snapshot_with(fields):
    """The audio snapshot with u16 values at offsets."""
    sound = bytearray(snapshot.SIZE)
    for at in fields:
        sound[at] = fields[at] & 255
        sound[at + 1] = fields[at] >> 8
    return sound


def check_wipe(kernels):
    data = bytearray(b"123456789")
    kernels.wipe(data, 2, 6)
    same("wipe", data, b"12\0\0\0\x00789")
    kernels.wipe(data, 8, 8)
    same("wipe nothing", data, b"12\0\0\0\x00789")


def check_follow(kernels):
    levels = words(100, 65535, 512, 3)
    kernels.follow(levels, snapshot_with({20: 65535, 22: 256}), 20, 3, 8192)
    same("follow", levels, [65535, 32767, 256, 3])
    kernels.follow(levels, snapshot_with({148: 9, 150: 40000}), 148, 2, 16384)
    same("follow other fields", levels, [65535, 40000, 256, 3])


def check_loudest(kernels):
    sound = snapshot_with({34: 200, 36: 200, 146: 65280, 172: 7})
    assert kernels.loudest(sound, 20, 7) == 0, "loudest of silence"
    assert kernels.loudest(sound, 20, 20) == 7 << 16 | 200, "loudest: the first of equals"
    assert kernels.loudest(sound, 20, 64) == 63 << 16 | 65280, "loudest"
    assert kernels.loudest(sound, 172, 3) == 7, "loudest of other fields"


def check_octaves(kernels):
    for level, place in ((0, 0), (1, 0), (2, 4096), (3, 6144), (256, 32768), (32768, 61440), (65535, 65535)):
        assert kernels.octaves(level) == place, "octaves of " + str(level)


def check_stretch(kernels):
    field = zeros(5)
    kernels.stretch(field, 5, words(0, 65535, 0), 3)
    same("stretch", field, [0, 32767, 65535, 32767, 0])
    kernels.stretch(field, 3, words(0, 0, 70, 0, 0, 0, 90, 5), 8)
    same("stretch to fewer LEDs than levels", field[:3], [70, 90, 5])
    kernels.stretch(field, 1, words(9, 0), 2)
    same("stretch to one LED", field[:1], [9])


def check_encode_pulses(kernels):
    pulses = [0] * 32
    slots = kernels.pulse_slots(pulses)
    kernels.encode_pulses(slots, b"\x00\xff", 2)
    same("encode_pulses", pulses, [4, 8] * 8 + [8, 4] * 8)
    kernels.encode_pulses(slots, b"\x81\x01", 2)
    same("encode_pulses", pulses, [8, 4] + [4, 8] * 6 + [8, 4] + [4, 8] * 7 + [8, 4])


def check_sample(kernels):
    cells = bytearray(b"." * 8)
    kernels.sample(cells, 1, 2, bytes((10, 20, 30, 90, 100, 110, 20, 40, 61, 255, 255, 255)), 3)
    same("sample", cells, b"." + bytes((20, 10, 30, 70, 55, 85)) + b".")
    kernels.sample(cells, 0, 2, bytes((1, 2, 3, 4, 5, 6)), 2)
    same("sample of as many LEDs", cells, bytes((2, 1, 3, 5, 4, 6)) + cells[6:])


def check_xor_mask(kernels):
    data = bytearray(b"..Hello")
    kernels.xor_mask(data, 2, 5, b"\x37\xfa\x21\x3d")  # the example of RFC 6455, section 5.7
    same("xor_mask", data, b"..\x7f\x9f\x4d\x51\x58")


CHECKS = (
    check_copy, check_ramp, check_swell, check_fade, check_spot, check_box, check_tail, check_shift, check_fold,
    check_sow, check_twinkle, check_burn, check_spread, check_paint, check_mirror, check_blur, check_blend,
    check_to_wire, check_wipe, check_follow, check_loudest, check_octaves, check_stretch, check_encode_pulses,
    check_sample, check_xor_mask,
)  # fmt: skip


def check(kernels):
    for each in CHECKS:
        each(kernels)
