"""From the audio snapshot (bytes; `at` is the offset of u16 fields, snapshot.py) to levels and light."""


def wipe(data, start, end):
    """Bytes start..end-1 become zero; both are even."""
    for i in range(start, end):
        data[i] = 0


def follow(levels, snapshot, at, count, keep):
    """Each of `count` levels jumps up to its field, and falls by keep / 16384."""
    for i in range(count):
        now = snapshot[at] | snapshot[at + 1] << 8
        fallen = levels[i] * keep >> 14
        levels[i] = now if now > fallen else fallen
        at += 2


def loudest(snapshot, at, count):
    """The highest of `count` fields: its number << 16, and itself. Of equals the first."""
    best = 0
    for i in range(count):
        now = snapshot[at] | snapshot[at + 1] << 8
        if now > best & 0xFFFF:
            best = i << 16 | now
        at += 2
    return best


def octaves(level):
    """A level (0..65535) as the ear judges it: 4096 for each doubling from 1 on. Straight between the doublings, which
    is half a decibel wrong at most."""
    if level == 0:
        return 0
    place = 15 << 12
    while level < 32768:
        level <<= 1
        place -= 4096
    return place + (level - 32768 >> 3)


def stretch(words, count, levels, bins):
    """The levels along the strip, the first on the first LED and the last on the last. Where there are more levels
    than LEDs, each shows the highest of those up to the next: no note falls between two LEDs."""
    span = ((bins - 1) << 8) // (count - 1) if count > 1 else 0
    for led in range(count):
        place = led * span
        left = place >> 8
        level = levels[left]
        if place & 255:
            level += (levels[left + 1] - level) * (place & 255) >> 8
        for i in range(left + 1, min(bins, place + span >> 8)):
            if levels[i] > level:
                level = levels[i]
        words[led] = level
