# One word per LED; lightwave_node/kernels/fields.py says what each does.
# ruff: noqa: F821 - ptr8 and ptr16 are the viper compiler's own words
# frame.py beside it says why some are written as they are.
import micropython


@micropython.viper
def copy(target: ptr16, source: ptr16, count: int):
    end = int(target) + 2 * count
    while int(target) != end:
        target[0] = source[0]
        target = ptr16(int(target) + 2)
        source = ptr16(int(source) + 2)


@micropython.viper
def ramp(words: ptr16, count: int, start: int, step: int):
    end = int(words) + 2 * count
    count = start
    while int(words) != end:
        words[0] = count
        count += step
        words = ptr16(int(words) + 2)


@micropython.viper
def swell(words: ptr16, count: int, start: int, step: int, amount: int):
    end = int(words) + 2 * count
    while int(words) != end:
        count = start & 0xFFFF
        if count > 32767:
            count = 65535 - count
        count >>= 1
        count = (count * count >> 14) * (49152 - 2 * count) >> 12
        words[0] = int(words[0]) + (count * amount >> 8)
        start += step
        words = ptr16(int(words) + 2)


@micropython.viper
def fade(words: ptr16, count: int, keep: int):
    end = int(words) + 2 * count
    count = keep
    while int(words) != end:
        words[0] = int(words[0]) * count >> 14
        words = ptr16(int(words) + 2)


@micropython.viper
def spot(words: ptr16, count: int, at: int, radius: int):
    slope = 16776960 // radius
    led = ((at - radius) >> 8) + 1
    end = ((at + radius) >> 8) + 1
    if led < 0:
        led = 0
    if end > count:
        end = count
    while led < end:
        away = led * 256 - at
        if away < 0:
            away = -away
        value = (radius - away) * slope >> 8
        if value > int(words[led]):
            words[led] = value
        led += 1


@micropython.viper
def box(words: ptr16, count: int, start: int, end: int, value: int):
    led = start >> 8
    if led < 0:
        led = 0
    last = (end >> 8) + 1
    if last > count:
        last = count
    while led < last:
        low = led * 256
        high = low + 256
        if low < start:
            low = start
        if high > end:
            high = end
        if high > low:
            share = value * (high - low) >> 8
            if share > int(words[led]):
                words[led] = share
        led += 1


@micropython.viper
def tail(words: ptr16, count: int, head: int, length: int):
    slope = 16776960 // length
    for led in range(count):
        if head < 0:
            head += count * 256
        if head < length:
            value = (length - head) * slope >> 8
            if value > int(words[led]):
                words[led] = value
        head -= 256


@micropython.viper
def shift(words: ptr16, count: int, by: int, value: int):
    i = count - 1
    while i >= by:
        words[i] = words[i - by]
        i -= 1
    while i >= 0:
        words[i] = value
        i -= 1


@micropython.viper
def fold(words: ptr16, count: int, segment: int):
    near = segment - 1
    step = -1
    i = segment
    while i < count:
        words[i] = words[near]
        near += step
        if near < 0 or near >= segment:
            near -= step
            step = -step
        i += 1


@micropython.viper
def sow(lights: ptr16, places: ptr16, count: int, state: ptr16, chance: int, origin: int):
    seed = int(state[0])
    due = int(state[1]) + chance
    while due >= 256:
        due -= 256
        seed ^= (seed << 7) & 0xFFFF
        seed ^= seed >> 9
        seed ^= (seed << 8) & 0xFFFF
        led = seed * count >> 16
        lights[led] = 65535
        places[led] = origin + ((seed & 255) << 7)
    state[0] = seed
    state[1] = due


@micropython.viper
def twinkle(words: ptr16, count: int, phase: int, width: int):
    slope = 33553920 // width
    for led in range(count):
        chance = (led + 1) * 40503 & 0xFFFF
        chance = (chance ^ (chance >> 7)) * 713 & 0xFFFF
        turn = ((phase * (2 + (chance & 3)) >> 4) + chance) & 0xFFFF
        if turn + turn > width:
            turn = width - turn
        if turn > 0:
            words[led] = turn * slope >> 8
        else:
            words[led] = 0


@micropython.viper
def burn(heats: ptr16, places: ptr16, count: int, state: ptr16, cooling: int, origin: int):
    seed = int(state[0])
    for led in range(count):
        seed ^= (seed << 7) & 0xFFFF
        seed ^= seed >> 9
        seed ^= (seed << 8) & 0xFFFF
        heat = int(heats[led]) - (seed * cooling >> 16)
        if heat < 0:
            heat = 0
        heats[led] = heat
    led = count - 1
    while led > 1:
        heats[led] = (int(heats[led - 1]) + 2 * int(heats[led - 2])) * 85 >> 8
        led -= 1
    if seed & 3:
        led = ((seed >> 2) & 7) * count >> 6
        heats[led] = int(heats[led]) | 49152
    for led in range(count):
        places[led] = origin + (int(heats[led]) * 3 >> 2)
    state[0] = seed
