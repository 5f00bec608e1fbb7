"""The sound's spectrum along the strip, low notes first: a bar jumps up with the sound and falls back. speed: how fast
it falls; intensity: how bright loud is, from half to full. Dark without sound."""

from lightwave_node.effects.base import keep_levels
from lightwave_node.snapshot import BINS, SPECTRUM_AT


def draw(canvas):
    kernels, count = canvas.kernels, canvas.count
    kernels.follow(canvas.levels, canvas.moment.sound, SPECTRUM_AT, BINS, keep_levels(canvas))
    kernels.stretch(canvas.light, count, canvas.levels, BINS)
    kernels.fade(canvas.light, count, 8192 + (canvas.look.intensity << 5))
    canvas.colours(canvas.origin, 60000)
