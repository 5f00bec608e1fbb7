"""Waves of light run along the palette. speed: how fast; intensity: how many, from one to nine."""


def draw(canvas):
    canvas.colours(canvas.origin, 65536)
    canvas.flood(0)
    canvas.swell(-canvas.turn(8), 65536 + canvas.look.intensity * 2048, 256)
