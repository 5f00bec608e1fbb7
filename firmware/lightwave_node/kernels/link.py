"""Pulses for the stock LED port, and the WebSocket's mask."""


def pulse_slots(pulses):
    """What `encode_pulses` writes to for this list of pulse lengths."""
    return pulses


def encode_pulses(slots, wire, count):
    """`count` wire bytes as pulse lengths in 100 ns, high and low in turn: 0 is 4 and 8, 1 is 8 and 4."""
    at = 0
    for i in range(count):
        byte = wire[i]
        for bit in (128, 64, 32, 16, 8, 4, 2, 1):
            slots[at] = 8 if byte & bit else 4
            slots[at + 1] = 4 if byte & bit else 8
            at += 2


def xor_mask(data, start, count, mask):
    """WebSocket masking: `count` bytes from `start` on, with the four bytes of `mask`."""
    for i in range(count):
        data[start + i] ^= mask[i & 3]
