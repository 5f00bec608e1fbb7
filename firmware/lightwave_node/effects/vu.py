"""A level meter with a peak that lingers. speed: how fast both fall; intensity: how much of the strip full level
takes, from half to all. Dark without sound."""

from lightwave_node.effects.base import fall


def draw(canvas):
    loud = canvas.loudness()
    reach = canvas.count * (256 + canvas.look.intensity) >> 9
    canvas.flood(0)
    canvas.colours(canvas.origin, 60000)
    height = fall(canvas, 1, loud, 6)
    canvas.box(0, height * reach >> 8, 65535)
    height = fall(canvas, 2, loud, 1)
    if height > 1000:
        canvas.spot(height * reach >> 8, 256)
