"""Flares up on the beat and fades until the next; the bar's first beat is the brightest, and each has the next of four
colours of the palette. intensity: how dark it gets in between."""

from lightwave_node.canvas import FULL_LIGHT
from lightwave_node.effects.base import limited


def draw(canvas):
    beat = canvas.beat
    glow = limited(canvas, 1, 65535 - (beat & 0xFFFF))
    number = beat >> 16 & 3
    if number:
        glow -= glow >> 2
    dark = (canvas.look.intensity + 1 << 6) * (65535 - glow >> 4) >> 10
    canvas.colours(canvas.origin + (number << 14), 0)
    canvas.flood(FULL_LIGHT - dark)
