# From the audio snapshot to levels; lightwave_node/kernels/sound.py says what each does.
# ruff: noqa: F821 - ptr8 and ptr16 are the viper compiler's own words
import micropython


@micropython.viper
def follow(levels: ptr16, snapshot: ptr8, bins: int, keep: int):
    at = 20
    for i in range(bins):
        now = int(snapshot[at]) | int(snapshot[at + 1]) << 8
        fallen = int(levels[i]) * keep >> 14
        if now < fallen:
            now = fallen
        levels[i] = now
        at += 2


@micropython.viper
def follow_chroma(levels: ptr16, snapshot: ptr8, keep: int):
    for pitch in range(12):
        now = int(levels[pitch]) * keep >> 14
        at = 20 + 2 * pitch
        while at < 148:
            heard = int(snapshot[at]) | int(snapshot[at + 1]) << 8
            if heard > now:
                now = heard
            at += 24
        levels[pitch] = now


@micropython.viper
def loudest(snapshot: ptr8, first: int, bins: int) -> int:
    best = first
    most = 0
    at = 20 + 2 * first
    for i in range(first, first + bins):
        now = int(snapshot[at]) | int(snapshot[at + 1]) << 8
        if now > most:
            most = now
            best = i
        at += 2
    return best << 16 | most


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
