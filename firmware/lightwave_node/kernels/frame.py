"""Colours: from a palette's stops to the bytes on the wire. Pixels are linear light, red green blue per LED."""

_ENTRIES = 64  # a table has one more: the end of the last


def spread(table, stops, count, linear, white):
    """Fill a table of 65 colours from `count` stops, bytes of (position 0..255, red, green, blue in sRGB), the first
    at 0 and the last at 255. `linear` is light.LINEAR; white (0..65535) is how far a colour is drawn towards white."""
    stop = 0
    for entry in range(_ENTRIES + 1):
        place = entry * 255  # in 1/64 of a stop's position
        while stop < count - 2 and place >= stops[4 * stop + 4] << 6:
            stop += 1
        left = 4 * stop
        start = stops[left] << 6
        share = (place - start << 12) // ((stops[left + 4] << 6) - start)
        most = 0
        for part in range(3):
            low = linear[stops[left + 1 + part]]
            light = low + ((linear[stops[left + 5 + part]] - low) * share >> 12)
            table[3 * entry + part] = light
            if light > most:
                most = light
        for part in range(3):
            light = table[3 * entry + part]
            table[3 * entry + part] = light + ((most - light) * (white >> 2) >> 14)


def paint(pixels, count, places, lights, table):
    """Each LED takes the table's colour at its place (65536 = the whole table), at its light (0..65535) as the eye
    judges it: the square is the share of real light."""
    for led in range(count):
        level = lights[led]
        level = level + (level >> 15) >> 2
        level = level * level >> 14
        place = places[led]
        share = place & 1023
        entry = 3 * (place >> 10)
        for part in range(3):
            low = table[entry + part]
            pixels[3 * led + part] = (low + ((table[entry + 3 + part] - low) * share >> 10)) * level >> 14


def mirror(pixels, count):
    """The second half becomes the first half, reversed."""
    for led in range(count // 2):
        other = count - 1 - led
        for part in range(3):
            pixels[3 * other + part] = pixels[3 * led + part]


def blur(pixels, count, amount):
    """Smooth along the strip, there and back so that nothing drifts; amount 0 (none) to 255 (most)."""
    for i in range(3, 3 * count):
        here = pixels[i]
        pixels[i] = here + ((pixels[i - 3] - here) * amount >> 9)
    for i in range(3 * count - 4, -1, -1):
        here = pixels[i]
        pixels[i] = here + ((pixels[i + 3] - here) * amount >> 9)


def blend(pixels, old, count, weight):
    """Pixels become old + (pixels - old) * weight / 8192."""
    for i in range(3 * count):
        before = old[i]
        pixels[i] = before + ((pixels[i] - before) * weight >> 13)


def to_wire(pixels, wire, count, gain, thresholds, turn):
    """Pixels to WS2812 bytes (green, red, blue) at a gain (0..16320, light.gain), dithered: `thresholds` are those of
    light.py, and `turn` counts the frames."""
    for at in range(0, 3 * count, 3):
        for part, byte in ((1, at), (0, at + 1), (2, at + 2)):
            value = pixels[at + part] * gain + 16383 >> 14
            if value < 64:
                value = 0
            wire[byte] = value + thresholds[turn & 255] >> 8
            turn += 53  # odd, so that neighbours are at all places of the turn
