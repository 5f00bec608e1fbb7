"""Colours that well up, mingle and part again. speed: how fast; intensity: how much of the palette mingles."""

from lightwave_node.canvas import FULL_LIGHT


def draw(canvas):
    amount = 32 + (canvas.look.intensity >> 1)
    canvas.colours(canvas.origin, 16384)
    canvas.stir(canvas.turn(3), 65536, amount)
    canvas.stir(-canvas.turn(2), 190000, amount)
    canvas.flood(FULL_LIGHT)
