"""Every beat sends a comet down the strip, which arrives with the next. intensity: the length of its tail."""

from lightwave_node.effects.base import comet


def draw(canvas):
    beat = canvas.beat
    canvas.flood(0)
    canvas.colours(canvas.origin + (beat >> 16 & 3) * 16384, 16384)
    comet(canvas, beat & 0xFFFF)
