"""One word per LED, 0..65535: its light, or its place in the palette. Where `at`, `start`, `end`, `head`, `radius` and
`length` lie on the strip, they are in 1/256 of a LED, so that what moves slowly moves smoothly."""


def copy(target, source, count):
    """Copy `count` words."""
    for i in range(count):
        target[i] = source[i]


def ramp(words, count, start, step):
    """Word i becomes start + i * step, going round."""
    for i in range(count):
        words[i] = start & 0xFFFF
        start += step


def swell(words, count, start, step, amount):
    """Add a wave, going round: its phase at LED i is start + i * step (65536 = a whole wave), and it rises from 0 to
    `amount` / 256 of the range and back."""
    for i in range(count):
        phase = start & 0xFFFF
        if phase > 32767:
            phase = 65535 - phase
        phase >>= 1
        wave = (phase * phase >> 14) * (49152 - 2 * phase) >> 12  # x * x * (3 - 2 x)
        words[i] = words[i] + (wave * amount >> 8) & 0xFFFF
        start += step


def fade(words, count, keep):
    """Scale by keep / 16384."""
    for i in range(count):
        words[i] = words[i] * keep >> 14


def spot(words, count, at, radius):
    """At least a spot of light at `at`, falling to nothing at `radius` (from 1) around it."""
    slope = 16776960 // radius
    for led in range(max(0, (at - radius >> 8) + 1), min(count, (at + radius >> 8) + 1)):
        value = (radius - abs(led * 256 - at)) * slope >> 8
        if value > words[led]:
            words[led] = value


def box(words, count, start, end, value):
    """At least `value` from start to end; LED i reaches from i to i + 1, and shares count."""
    for led in range(max(0, start >> 8), min(count, (end >> 8) + 1)):
        covered = min(end, led * 256 + 256) - max(start, led * 256)
        if covered > 0 and value * covered >> 8 > words[led]:
            words[led] = value * covered >> 8


def tail(words, count, head, length):
    """At least a light that is full at `head` and falls to nothing over `length` (from 1) behind it, round the end."""
    slope = 16776960 // length
    behind = head
    for led in range(count):
        if behind < 0:
            behind += count * 256
        if behind < length:
            value = (length - behind) * slope >> 8
            if value > words[led]:
                words[led] = value
        behind -= 256


def shift(words, count, by, value):
    """Move everything `by` LEDs up; `value` comes in."""
    for i in range(count - 1, -1, -1):
        words[i] = words[i - by] if i >= by else value


def fold(words, count, segment):
    """Beyond the first `segment` LEDs the strip repeats them, there and back."""
    near = segment - 1
    step = -1
    for i in range(segment, count):
        words[i] = words[near]
        if 0 <= near + step < segment:
            near += step
        else:  # the end of a segment is shown twice
            step = -step


def sow(lights, places, count, state, chance, origin):
    """Light chance / 256 LEDs anywhere, each in a colour of the half palette from `origin` on. state[0] is the random
    number (not 0), state[1] what is left of the chance."""
    seed = state[0]
    due = state[1] + chance
    while due >= 256:
        due -= 256
        seed ^= seed << 7 & 0xFFFF
        seed ^= seed >> 9
        seed ^= seed << 8 & 0xFFFF  # xorshift of 16 bits
        led = seed * count >> 16
        lights[led] = 65535
        places[led] = origin + ((seed & 255) << 7) & 0xFFFF
    state[0] = seed
    state[1] = due


def twinkle(words, count, phase, width):
    """Each LED flares up and down for `width` (2..65536) of a turn of its own, 2 to 5 sixteenths of `phase`."""
    slope = 33553920 // width  # 2 * 65535, in 1/256
    for led in range(count):
        chance = (led + 1) * 40503 & 0xFFFF
        chance = (chance ^ chance >> 7) * 713 & 0xFFFF
        turn = (phase * (2 + (chance & 3)) >> 4) + chance & 0xFFFF
        if turn + turn > width:
            turn = width - turn
        words[led] = turn * slope >> 8 if turn > 0 else 0


def burn(heats, places, count, state, cooling, origin):
    """One step of a fire (after Fire2012 by Mark Kriegsman): every LED cools by up to `cooling` (below 16384), heat
    drifts up, and now and then it sparks near the bottom. Places are `origin` and three quarters of the heat; state as
    in `sow`."""
    seed = state[0]
    for led in range(count):
        seed ^= seed << 7 & 0xFFFF
        seed ^= seed >> 9
        seed ^= seed << 8 & 0xFFFF
        heat = heats[led] - (seed * cooling >> 16)
        heats[led] = heat if heat > 0 else 0
    for led in range(count - 1, 1, -1):
        heats[led] = (heats[led - 1] + 2 * heats[led - 2]) * 85 >> 8
    if seed & 3:
        led = (seed >> 2 & 7) * count >> 6  # the lowest eighth
        heats[led] = heats[led] | 49152
    for led in range(count):
        places[led] = origin + (heats[led] * 3 >> 2) & 0xFFFF
    state[0] = seed
