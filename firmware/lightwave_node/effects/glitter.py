"""Sparkles: the more treble, the more of them, and a handful with whatever is struck. speed: how many; intensity: how
long each glows. Dark without sound."""

from lightwave.packets import u16
from lightwave_node.effects.base import has_onset, sparkle
from lightwave_node.snapshot import TREBLE_AT


def draw(canvas):
    canvas.fade(17 - (canvas.look.intensity >> 4))
    sparkle(canvas, (canvas.look.speed + 1) * (u16(canvas.moment.sound, TREBLE_AT) >> 8) >> 7)
    if has_onset(canvas, 2):
        handful = (canvas.look.speed + 16) * canvas.count >> 4  # up to one LED in 15
        canvas.kernels.sow(canvas.light, canvas.place, canvas.count, canvas.state, handful, canvas.origin)
