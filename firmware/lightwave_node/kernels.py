"""The inner loops of a frame, in plain Python: the reference for lightwave_hw/kernels_viper.py.

Both files hold the same names and give the same results on the same vectors (tests/node/kernel_vectors.py). Pixels
are 16-bit linear light, red green blue per LED, in an array('H'). A table is a palette spread over 256 colours. All
sums stay within 31 bits, so neither file ever makes a long integer, and nothing here allocates.
"""

_TABLE_COLOURS = 256
_SPECTRUM_OFFSET = 20  # in the audio snapshot


def copy(target, source, count):
    """Copy the pixels of `count` LEDs."""
    for i in range(3 * count):
        target[i] = source[i]


def fill(pixels, first, count, colour):
    """`count` LEDs from `first` on in one colour (three values)."""
    for led in range(first, first + count):
        pixels[3 * led] = colour[0]
        pixels[3 * led + 1] = colour[1]
        pixels[3 * led + 2] = colour[2]


def dim(values, count, level):
    """Scale the pixels of `count` LEDs by level / 256."""
    for i in range(3 * count):
        values[i] = values[i] * level >> 8


def spread(table, stops, count):
    """Fill a table from `count` stops of (position 0..255, red, green, blue); the first is at 0, the last at 255."""
    stop = 0
    for entry in range(_TABLE_COLOURS):
        while stop < count - 2 and entry >= stops[4 * stop + 4]:
            stop += 1
        left = 4 * stop
        start = stops[left]
        span = stops[left + 4] - start
        for part in range(3):
            low = stops[left + 1 + part]
            high = stops[left + 5 + part]
            table[3 * entry + part] = low + (high - low) * (entry - start) // span


def sample(pixels, count, table, start, step):
    """LED i takes the table's colour at `start + i * step`, in 1/65536 of the table, going round."""
    for led in range(count):
        entry = 3 * ((start >> 8) & 255)
        pixels[3 * led] = table[entry]
        pixels[3 * led + 1] = table[entry + 1]
        pixels[3 * led + 2] = table[entry + 2]
        start += step


def mirror(pixels, count):
    """The second half becomes the first half, reversed."""
    for led in range(count // 2):
        other = count - 1 - led
        pixels[3 * other] = pixels[3 * led]
        pixels[3 * other + 1] = pixels[3 * led + 1]
        pixels[3 * other + 2] = pixels[3 * led + 2]


def blur(pixels, count, amount):
    """Smooth along the strip, there and back so that nothing drifts; amount 0 (none) to 255 (most)."""
    for i in range(3, 3 * count):
        here = pixels[i]
        pixels[i] = here + ((pixels[i - 3] - here) * amount >> 9)
    for i in range(3 * count - 4, -1, -1):
        here = pixels[i]
        pixels[i] = here + ((pixels[i + 3] - here) * amount >> 9)


def blend(pixels, old, count, weight):
    """Pixels become old + (pixels - old) * weight / 1024."""
    for i in range(3 * count):
        before = old[i]
        pixels[i] = before + ((pixels[i] - before) * weight >> 10)


def follow_spectrum(levels, snapshot, bins, keep):
    """Each level jumps up to its bin of the audio snapshot, and falls by keep / 256 a frame."""
    for i in range(bins):
        at = _SPECTRUM_OFFSET + 2 * i
        now = snapshot[at] | snapshot[at + 1] << 8
        fallen = levels[i] * keep >> 8
        levels[i] = now if now > fallen else fallen


def bars(pixels, count, levels, bins, table):
    """The bins along the strip, each LED between two of them: colour by place, light by level."""
    span = ((bins - 1) << 8) // (count - 1) if count > 1 else 0
    for led in range(count):
        place = led * span
        left = place >> 8
        share = place & 255
        level = levels[left]
        if share:
            level += (levels[left + 1] - level) * share >> 8
        level >>= 2  # 14 bits: times a 16-bit colour it stays within 31
        entry = 3 * (led * 255 // count)
        pixels[3 * led] = table[entry] * level >> 14
        pixels[3 * led + 1] = table[entry + 1] * level >> 14
        pixels[3 * led + 2] = table[entry + 2] * level >> 14


def to_wire(pixels, wire, count, level):
    """Pixels to WS2812 bytes (green, red, blue), scaled by level / 256."""
    for at in range(0, 3 * count, 3):
        wire[at] = pixels[at + 1] * level >> 16
        wire[at + 1] = pixels[at] * level >> 16
        wire[at + 2] = pixels[at + 2] * level >> 16


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
