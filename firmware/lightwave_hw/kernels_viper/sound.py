# From the audio snapshot to levels; lightwave_node/kernels/sound.py says what each does.
# ruff: noqa: F821 - ptr8 and ptr16 are the viper compiler's own words
import micropython


@micropython.viper
def wipe(data: ptr16, start: int, end: int):
    end += int(data)
    data = ptr16(int(data) + start)
    while int(data) < end:
        data[0] = 0
        data = ptr16(int(data) + 2)


@micropython.viper
def follow(levels: ptr16, snapshot: ptr16, at: int, count: int, keep: int):
    snapshot = ptr16(int(snapshot) + at)
    end = int(levels) + 2 * count
    while int(levels) != end:
        count = int(levels[0]) * keep >> 14
        if count < int(snapshot[0]):
            count = int(snapshot[0])
        levels[0] = count
        levels = ptr16(int(levels) + 2)
        snapshot = ptr16(int(snapshot) + 2)


@micropython.viper
def loudest(snapshot: ptr16, at: int, count: int) -> int:
    snapshot = ptr16(int(snapshot) + at)
    best = 0
    most = 0
    for i in range(count):
        if int(snapshot[0]) > most:
            most = int(snapshot[0])
            best = i
        snapshot = ptr16(int(snapshot) + 2)
    return best << 16 | most


@micropython.viper
def octaves(level: int) -> int:
    if level == 0:
        return 0
    place = 15 << 12
    while level < 32768:
        level <<= 1
        place -= 4096
    return place + ((level - 32768) >> 3)


@micropython.viper
def stretch(words: ptr16, count: int, levels: ptr16, bins: int):
    span = 0
    if count > 1:
        span = ((bins - 1) << 8) // (count - 1)
    place = 0
    for led in range(count):
        left = place >> 8
        share = place & 255
        level = int(levels[left])
        if share:
            level += (int(levels[left + 1]) - level) * share >> 8
        place += span
        left += 1
        while left < place >> 8 and left < bins:
            if int(levels[left]) > level:
                level = int(levels[left])
            left += 1
        words[led] = level
