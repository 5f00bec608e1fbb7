"""The loudness of the last seconds, moving away from the strip's beginning; the louder, the further on in the palette.
speed: how fast it moves; intensity: how bright loud is, from half to full. Dark without sound."""

from lightwave_node.effects.base import scroll


def draw(canvas):
    loud = canvas.loudness()
    scroll(canvas, loud * (256 + canvas.look.intensity) >> 9, loud >> 1)
