"""The palette along the strip, wandering. speed: up to one strip a second; intensity: how much of the palette is seen
at once, from a quarter of it to four times; hue: where it begins."""

from lightwave_node.canvas import FULL_LIGHT


def draw(canvas):
    canvas.colours(canvas.origin - canvas.turn(4), 16384 + canvas.look.intensity * 964)
    canvas.flood(FULL_LIGHT)
