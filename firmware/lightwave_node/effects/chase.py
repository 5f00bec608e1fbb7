"""A block of light leaps on with every beat and glows on where it was. intensity: how long the block is, from an eighth
of the strip to a half."""


def draw(canvas):
    count = canvas.count
    canvas.fade(6)
    canvas.colours(canvas.origin, 65536)
    at = (canvas.beat >> 16 & 7) * 32 * count
    length = count * (32 + (canvas.look.intensity * 3 >> 3))
    canvas.box(at, at + length, 65535)
    at -= count * 256  # what reaches over the end goes on at the beginning
    canvas.box(at, at + length, 65535)
