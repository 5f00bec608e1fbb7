"""Coloured sparkles anywhere, that die away; where, is drawn anew with each scene. speed: how many; intensity: how long
each glows."""

from lightwave_node.effects.base import sparkle


def draw(canvas):
    canvas.fade(17 - (canvas.look.intensity >> 4))
    sparkle(canvas, canvas.look.speed)
