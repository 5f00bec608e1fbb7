# Colours; lightwave_node/kernels/frame.py says what each does.
# ruff: noqa: F821 - ptr8 and ptr16 are the viper compiler's own words
#
# What makes viper code short: the first two arguments are in registers, everything else is in memory; a pointer that is
# moved on and read at small constant places is cheaper than an index; `range` is dearer than `while`. So `count` is
# used again for something else once the end is known.
import micropython


@micropython.viper
def spread(table: ptr16, stops: ptr8, count: int, linear: ptr16, white: int):
    white >>= 2
    stop = 0
    for entry in range(65):
        place = entry * 255
        while stop < count - 2 and place >= int(stops[4 * stop + 4]) << 6:
            stop += 1
        left = 4 * stop
        start = int(stops[left]) << 6
        share = ((place - start) << 12) // ((int(stops[left + 4]) << 6) - start)
        most = 0
        for part in range(3):
            low = int(linear[stops[left + 1 + part]])
            light = low + ((int(linear[stops[left + 5 + part]]) - low) * share >> 12)
            table[3 * entry + part] = light
            if light > most:
                most = light
        for part in range(3):
            light = int(table[3 * entry + part])
            table[3 * entry + part] = light + ((most - light) * white >> 14)


@micropython.viper
def paint(pixels: ptr16, count: int, places: ptr16, lights: ptr16, table: ptr16):
    end = int(pixels) + 6 * count
    while int(pixels) != end:
        level = int(lights[0])
        level = (level + (level >> 15)) >> 2
        level = level * level >> 14
        count = int(places[0])
        entry = ptr16(int(table) + 6 * (count >> 10))
        count &= 1023  # the share of the next entry
        pixels[0] = (int(entry[0]) + ((int(entry[3]) - int(entry[0])) * count >> 10)) * level >> 14
        pixels[1] = (int(entry[1]) + ((int(entry[4]) - int(entry[1])) * count >> 10)) * level >> 14
        pixels[2] = (int(entry[2]) + ((int(entry[5]) - int(entry[2])) * count >> 10)) * level >> 14
        pixels = ptr16(int(pixels) + 6)
        places = ptr16(int(places) + 2)
        lights = ptr16(int(lights) + 2)


@micropython.viper
def mirror(pixels: ptr16, count: int):
    near = 0
    far = 3 * (count - 1)
    while near < far:
        pixels[far] = pixels[near]
        pixels[far + 1] = pixels[near + 1]
        pixels[far + 2] = pixels[near + 2]
        near += 3
        far -= 3


@micropython.viper
def blur(pixels: ptr16, count: int, amount: int):
    first = int(pixels)
    end = first + 6 * count - 6
    count = amount
    while int(pixels) != end:
        pixels[3] = int(pixels[3]) + ((int(pixels[0]) - int(pixels[3])) * count >> 9)
        pixels[4] = int(pixels[4]) + ((int(pixels[1]) - int(pixels[4])) * count >> 9)
        pixels[5] = int(pixels[5]) + ((int(pixels[2]) - int(pixels[5])) * count >> 9)
        pixels = ptr16(int(pixels) + 6)
    while int(pixels) != first:
        pixels = ptr16(int(pixels) - 6)
        pixels[0] = int(pixels[0]) + ((int(pixels[3]) - int(pixels[0])) * count >> 9)
        pixels[1] = int(pixels[1]) + ((int(pixels[4]) - int(pixels[1])) * count >> 9)
        pixels[2] = int(pixels[2]) + ((int(pixels[5]) - int(pixels[2])) * count >> 9)


@micropython.viper
def blend(pixels: ptr16, old: ptr16, count: int, weight: int):
    count = int(pixels) + 6 * count
    while int(pixels) != count:
        pixels[0] = int(old[0]) + ((int(pixels[0]) - int(old[0])) * weight >> 13)
        pixels[1] = int(old[1]) + ((int(pixels[1]) - int(old[1])) * weight >> 13)
        pixels[2] = int(old[2]) + ((int(pixels[2]) - int(old[2])) * weight >> 13)
        pixels = ptr16(int(pixels) + 6)
        old = ptr16(int(old) + 6)


@micropython.viper
def to_wire(pixels: ptr16, wire: ptr8, count: int, gain: int, thresholds: ptr8, turn: int):
    end = int(pixels) + 6 * count
    while int(pixels) != end:
        three = ptr8(int(thresholds) + (turn & 255))
        count = (int(pixels[1]) * gain + 16383) >> 14
        if count >= 64:
            count += int(three[0])
        wire[0] = count >> 8
        count = (int(pixels[0]) * gain + 16383) >> 14
        if count >= 64:
            count += int(three[53])
        wire[1] = count >> 8
        count = (int(pixels[2]) * gain + 16383) >> 14
        if count >= 64:
            count += int(three[106])
        wire[2] = count >> 8
        turn += 159
        pixels = ptr16(int(pixels) + 6)
        wire = ptr8(int(wire) + 3)
