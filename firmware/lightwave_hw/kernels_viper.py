"""The inner loops of a frame as machine code. Same names and results as lightwave_node/kernels.py, which says what
each does; tests/node/kernel_vectors.py holds both to it.

A viper call keeps the GIL, so each stays well under 1 ms on the board. Pointers are not checked: callers pass buffers
of the sizes that board.py made. Import fails with SyntaxError where no native emitter exists; see kernels.py beside.
"""

# ruff: noqa: F821 - ptr8, ptr16 and ptr32 are the viper compiler's own words
import sys

import micropython


@micropython.viper
def copy(target: ptr16, source: ptr16, count: int):
    for i in range(3 * count):
        target[i] = source[i]


@micropython.viper
def fill(pixels: ptr16, first: int, count: int, colour: ptr16):
    red, green, blue = int(colour[0]), int(colour[1]), int(colour[2])
    at = 3 * first
    end = at + 3 * count
    while at < end:
        pixels[at] = red
        pixels[at + 1] = green
        pixels[at + 2] = blue
        at += 3


@micropython.viper
def dim(values: ptr16, count: int, level: int):
    for i in range(3 * count):
        values[i] = int(values[i]) * level >> 8


@micropython.viper
def spread(table: ptr16, stops: ptr16, count: int):
    stop = 0
    for entry in range(256):
        while stop < count - 2 and entry >= int(stops[4 * stop + 4]):
            stop += 1
        left = 4 * stop
        start = int(stops[left])
        span = int(stops[left + 4]) - start
        for part in range(3):
            low = int(stops[left + 1 + part])
            high = int(stops[left + 5 + part])
            table[3 * entry + part] = low + (high - low) * (entry - start) // span


@micropython.viper
def sample(pixels: ptr16, count: int, table: ptr16, start: int, step: int):
    at = 0
    for _ in range(count):
        entry = 3 * ((start >> 8) & 255)
        pixels[at] = table[entry]
        pixels[at + 1] = table[entry + 1]
        pixels[at + 2] = table[entry + 2]
        at += 3
        start += step


@micropython.viper
def mirror(pixels: ptr16, count: int):
    near = 0
    far = 3 * (count - 1)
    while near < far:
        pixels[far] = pixels[near]
        pixels[far + 1] = pixels[near + 1]
        pixels[far + 2] = pixels[near + 2]
        near += 3
        far -= 3


@micropython.viper
def blur(pixels: ptr16, count: int, amount: int):
    end = 3 * count
    i = 3
    while i < end:
        here = int(pixels[i])
        pixels[i] = here + ((int(pixels[i - 3]) - here) * amount >> 9)
        i += 1
    i = end - 4
    while i >= 0:
        here = int(pixels[i])
        pixels[i] = here + ((int(pixels[i + 3]) - here) * amount >> 9)
        i -= 1


@micropython.viper
def blend(pixels: ptr16, old: ptr16, count: int, weight: int):
    for i in range(3 * count):
        before = int(old[i])
        pixels[i] = before + ((int(pixels[i]) - before) * weight >> 10)


@micropython.viper
def follow_spectrum(levels: ptr16, snapshot: ptr8, bins: int, keep: int):
    at = 20
    for i in range(bins):
        now = int(snapshot[at]) | int(snapshot[at + 1]) << 8
        fallen = int(levels[i]) * keep >> 8
        if now < fallen:
            now = fallen
        levels[i] = now
        at += 2


@micropython.viper
def bars(pixels: ptr16, count: int, levels: ptr16, bins: int, table: ptr16):
    span = 0
    if count > 1:
        span = ((bins - 1) << 8) // (count - 1)
    at = 0
    for led in range(count):
        place = led * span
        left = place >> 8
        share = place & 255
        level = int(levels[left])
        if share:
            level += (int(levels[left + 1]) - level) * share >> 8
        level >>= 2
        entry = 3 * (led * 255 // count)
        pixels[at] = int(table[entry]) * level >> 14
        pixels[at + 1] = int(table[entry + 1]) * level >> 14
        pixels[at + 2] = int(table[entry + 2]) * level >> 14
        at += 3


@micropython.viper
def to_wire(pixels: ptr16, wire: ptr8, count: int, level: int):
    at = 0
    end = 3 * count
    while at < end:
        wire[at] = int(pixels[at + 1]) * level >> 16
        wire[at + 1] = int(pixels[at]) * level >> 16
        wire[at + 2] = int(pixels[at + 2]) * level >> 16
        at += 3


@micropython.viper
def xor_mask(data: ptr8, start: int, count: int, mask: ptr8):
    for i in range(count):
        data[start + i] = int(data[start + i]) ^ int(mask[i & 3])


# ---- pulse lists: written as memory, because storing 7680 objects one by one takes milliseconds ----------------------
#
# A list object is: type, allocated, length, address of the items; a small integer n is stored as 2 n + 1. So it is in
# every MicroPython with 32-bit words; where a trial shows that it is not, the plain twins take over.


@micropython.viper
def _list_items(pulses: object, length: int) -> int:
    words = ptr32(int(id(pulses)))
    if words[2] != length:
        return 0
    return words[3]


@micropython.viper
def encode_pulses(slots: ptr32, wire: ptr8, count: int):
    at = 0
    for i in range(count):
        byte = int(wire[i])
        bit = 128
        while bit:
            high = 9  # the object 4
            if byte & bit:
                high = 17  # the object 8
            slots[at] = high
            slots[at + 1] = 26 - high
            at += 2
            bit >>= 1


def pulse_slots(pulses):
    """The address of the list's items. The caller keeps the list and never changes its length."""
    return _list_items(pulses, len(pulses))


def _lists_are_as_expected():
    trial = [0] * 16
    slots = pulse_slots(trial) if sys.maxsize == 0x7FFFFFFF else 0
    if slots:
        encode_pulses(slots, b"\xa5", 1)
    return trial == [8, 4, 4, 8, 8, 4, 4, 8, 4, 8, 8, 4, 4, 8, 8, 4]


if not _lists_are_as_expected():
    from lightwave_node.kernels import encode_pulses, pulse_slots
