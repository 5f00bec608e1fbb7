"""Each beat of a bar fills another quarter of the strip; the next bar begins anew. intensity: how bright the rest
is."""


def draw(canvas):
    beat = canvas.beat & 0x3FFFF
    within = (beat & 0xFFFF) * 2
    if within > 65536:
        within = 65536
    height = ((beat >> 16) * 256 + (within >> 8)) * canvas.count >> 2
    canvas.flood(canvas.look.intensity << 6)
    canvas.colours(canvas.origin, 65536)
    canvas.box(0, height, 65535)
