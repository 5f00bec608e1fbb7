"""Four balls, each swinging in its own time. speed: how fast; intensity: how long their trails are."""

from lightwave_node.effects.base import there_and_back


def draw(canvas):
    canvas.fade(20 - (canvas.look.intensity >> 4))
    canvas.colours(canvas.origin, 65536)
    for ball in range(3, 7):
        canvas.spot(there_and_back(canvas.turn(ball)) * (canvas.count - 1) >> 8, 384)
