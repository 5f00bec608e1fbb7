"""One colour, standing still: the channel's hue, or with another palette the palette's colour at that place."""

from lightwave_node.canvas import FULL_LIGHT


def draw(canvas):
    canvas.colours(canvas.origin, 0)
    canvas.flood(FULL_LIGHT)
