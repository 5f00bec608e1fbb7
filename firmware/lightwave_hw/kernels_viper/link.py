# Pulses for the stock LED port, and the WebSocket's mask; lightwave_node/kernels/link.py says what each does.
# ruff: noqa: F821 - ptr8 and ptr32 are the viper compiler's own words
import sys

import micropython


@micropython.viper
def xor_mask(data: ptr8, start: int, count: int, mask: ptr8):
    for i in range(count):
        data[start + i] = int(data[start + i]) ^ int(mask[i & 3])


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


@micropython.viper
def encode_pulses(slots: ptr32, wire: ptr8, count: int):
    # The eight bits one by one: a loop over them costs more than they do. 9 is the object 4, and 17 is 8.
    end = int(wire) + count
    while int(wire) != end:
        byte = int(wire[0])
        high = 9 + ((byte >> 4) & 8)
        slots[0] = high
        slots[1] = 26 - high
        high = 9 + ((byte >> 3) & 8)
        slots[2] = high
        slots[3] = 26 - high
        high = 9 + ((byte >> 2) & 8)
        slots[4] = high
        slots[5] = 26 - high
        high = 9 + ((byte >> 1) & 8)
        slots[6] = high
        slots[7] = 26 - high
        high = 9 + (byte & 8)
        slots[8] = high
        slots[9] = 26 - high
        high = 9 + ((byte << 1) & 8)
        slots[10] = high
        slots[11] = 26 - high
        high = 9 + ((byte << 2) & 8)
        slots[12] = high
        slots[13] = 26 - high
        high = 9 + ((byte << 3) & 8)
        slots[14] = high
        slots[15] = 26 - high
        slots = ptr32(int(slots) + 64)
        wire = ptr8(int(wire) + 1)


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
