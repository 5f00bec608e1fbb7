"""Veils of light drift past each other, slowly. speed: how fast; intensity: how deep the dark between them."""


def draw(canvas):
    amount = 64 + (canvas.look.intensity >> 2)
    canvas.flood(65535 - amount * 512)
    canvas.swell(canvas.turn(2), 90000, amount)
    canvas.swell(-canvas.turn(3), 210000, amount)
    canvas.colours(canvas.origin + canvas.turn(1), 32768)
