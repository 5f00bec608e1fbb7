"""Pulses for the stock LED port, previews, and the WebSocket's mask."""


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


def sample(cells, at, count, wire, leds):
    """`count` (at most `leds`) cells of red, green, blue from byte `at` on: each the mean of its share of the LEDs."""
    led = 0
    for cell in range(count):
        end = (cell + 1) * leds // count
        share = end - led
        red = green = blue = 0
        while led < end:
            green += wire[3 * led]
            red += wire[3 * led + 1]
            blue += wire[3 * led + 2]
            led += 1
        cells[at] = red // share
        cells[at + 1] = green // share
        cells[at + 2] = blue // share
        at += 3


def xor_mask(data, start, count, mask):
    """WebSocket masking: `count` bytes from `start` on, with the four bytes of `mask`."""
    for i in range(count):
        data[start + i] ^= mask[i & 3]
