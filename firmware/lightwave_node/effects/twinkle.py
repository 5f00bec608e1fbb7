"""Stars: every LED flares up now and then, each in its own time. intensity: how many at once."""


def draw(canvas):
    canvas.colours(canvas.origin, 65536)
    canvas.kernels.twinkle(canvas.light, canvas.count, canvas.phase, 4096 + canvas.look.intensity * 240)
