# Pulses for the stock LED port, previews, and the WebSocket's mask; lightwave_node/kernels/link.py says what each does.
# ruff: noqa: F821 - ptr8 and ptr32 are the viper compiler's own words
import sys
from array import array

import micropython


@micropython.viper
def xor_mask(data: ptr8, start: int, count: int, mask: ptr8):
    for i in range(count):
        data[start + i] = int(data[start + i]) ^ int(mask[i & 3])


@micropython.viper
def sample(cells: ptr8, at: int, count: int, wire: ptr8, leds: int):
    out = ptr8(int(cells) + at)
    last = int(wire)
    for cell in range(count):
        end = int(wire) + 3 * ((cell + 1) * leds // count)
        share = (end - last) // 3
        red = green = blue = 0
        while last != end:
            led = ptr8(last)
            green += int(led[0])
            red += int(led[1])
            blue += int(led[2])
            last += 3
        out[0] = red // share
        out[1] = green // share
        out[2] = blue // share
        out = ptr8(int(out) + 3)


# The pulse list is written as memory, because storing 7680 objects one by one takes milliseconds.
#
# A list object is: type, allocated, length, address of the items; a small integer n is stored as 2 n + 1. So it is in
# every MicroPython with 32-bit words; where a trial shows that it is not, the plain twins take over.


@micropython.viper
def _list_items(pulses: object, length: int) -> int:
    words = ptr32(int(id(pulses)))
    if words[2] != length:
        return 0
    return words[3]


# The eight pulses of each nibble as they stand in the list: 9 is the object 4, and 17 is 8.
_NIBBLES = array(
    "I", [pulse for nibble in range(16) for bit in (8, 4, 2, 1) for pulse in ((17, 9) if nibble & bit else (9, 17))]
)


@micropython.viper
def _copy_pulses(slots: ptr32, nibble: ptr32, count: int, table: ptr8):
    # `nibble` is the wire at first. The two pointers that are used most have the two registers there are, and each
    # word is written out: a loop over them costs more than they do.
    wire = int(nibble)
    end = wire + count
    while wire != end:
        count = int(ptr8(wire)[0])
        nibble = ptr32(int(table) + ((count << 1) & 480))
        slots[0] = nibble[0]
        slots[1] = nibble[1]
        slots[2] = nibble[2]
        slots[3] = nibble[3]
        slots[4] = nibble[4]
        slots[5] = nibble[5]
        slots[6] = nibble[6]
        slots[7] = nibble[7]
        nibble = ptr32(int(table) + ((count & 15) << 5))
        slots[8] = nibble[0]
        slots[9] = nibble[1]
        slots[10] = nibble[2]
        slots[11] = nibble[3]
        slots[12] = nibble[4]
        slots[13] = nibble[5]
        slots[14] = nibble[6]
        slots[15] = nibble[7]
        slots = ptr32(int(slots) + 64)
        wire += 1


def encode_pulses(slots, wire, count):
    _copy_pulses(slots, wire, count, _NIBBLES)


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
