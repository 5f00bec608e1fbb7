"""A row of lamps marches on. speed: how fast; intensity: how far apart they are, from 3 LEDs to 18."""


def draw(canvas):
    canvas.colours(canvas.origin, 65536)
    canvas.flood(0)
    apart = 3 + (canvas.look.intensity >> 4)
    canvas.swell(-canvas.turn(32), 65536 * canvas.count // apart, 256)
