"""Flames from the strip's beginning, coloured by their heat. speed: how lively; intensity: how high they leap."""


def draw(canvas):
    cooling = (256 - canvas.look.intensity) * 192 // (canvas.count + 8) + 256
    for _ in range(canvas.steps(24)):
        _burn(canvas, cooling)


def _burn(canvas, cooling):
    canvas.kernels.burn(canvas.light, canvas.place, canvas.count, canvas.state, cooling, canvas.origin)
