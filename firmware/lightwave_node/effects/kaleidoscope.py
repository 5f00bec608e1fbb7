"""The spectrum in a ring of mirrors, slowly turning through the palette. speed: how fast; intensity: how many mirrors,
from two to nine. Dark without sound."""

from lightwave_node.canvas import BINS
from lightwave_node.effects.base import keep_levels


def draw(canvas):
    kernels = canvas.kernels
    mirrors = 2 + (canvas.look.intensity >> 5)
    segment = (canvas.count + mirrors - 1) // mirrors
    kernels.follow(canvas.levels, canvas.moment.sound, BINS, keep_levels(canvas))
    kernels.stretch(canvas.light, segment, canvas.levels, BINS)
    kernels.fold(canvas.light, canvas.count, segment)
    canvas.colours(canvas.origin + canvas.turn(2), 40000 * mirrors)
    kernels.fold(canvas.place, canvas.count, segment)
