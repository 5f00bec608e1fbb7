"""The whole strip breathes in and out. speed: up to once in two seconds; intensity: how deeply."""


def draw(canvas):
    amount = canvas.look.intensity + 1
    canvas.colours(canvas.origin, 0)
    canvas.flood(65535 - (65535 * amount >> 8))
    canvas.swell(canvas.turn(2), 0, amount)
