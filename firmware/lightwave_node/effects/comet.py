"""A comet runs round the strip. speed: up to one round a second; intensity: the length of its tail."""

from lightwave_node.effects.base import comet


def draw(canvas):
    canvas.flood(0)
    canvas.colours(canvas.origin, 65536)
    comet(canvas, canvas.turn(4))
