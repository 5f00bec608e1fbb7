"""An eye glides from end to end and back, with an afterglow. intensity: how long it glows."""

from lightwave_node.effects.base import there_and_back


def draw(canvas):
    canvas.fade(17 - (canvas.look.intensity >> 4))
    canvas.colours(canvas.origin, 65536)
    canvas.spot(there_and_back(canvas.turn(4)) * (canvas.count - 1) >> 8, 512)
