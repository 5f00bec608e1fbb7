"""The louder, the more sparkles. speed: how many; intensity: how long each glows. Dark without sound."""

from lightwave_node.effects.base import sparkle


def draw(canvas):
    canvas.fade(17 - (canvas.look.intensity >> 4))
    sparkle(canvas, (canvas.look.speed + 1) * (canvas.loudness() >> 8) >> 7)
