"""The spectrum in a ring of mirrors, slowly turning through the palette, and a step further with whatever is struck.
speed: how fast; intensity: how many mirrors, from two to nine. Dark without sound."""

from lightwave_node.effects.base import has_onset, keep_levels
from lightwave_node.snapshot import BINS, SPECTRUM_AT

_STEP = 4096  # a sixteenth of the palette


def draw(canvas):
    kernels = canvas.kernels
    mirrors = 2 + (canvas.look.intensity >> 5)
    segment = (canvas.count + mirrors - 1) // mirrors
    canvas.colours(canvas.origin + canvas.turn(2) + _struck(canvas), 40000 * mirrors)
    kernels.fold(canvas.place, canvas.count, segment)
    mirrors = keep_levels(canvas)
    kernels.follow(canvas.levels, canvas.moment.sound, SPECTRUM_AT, BINS, mirrors)
    kernels.stretch(canvas.light, segment, canvas.levels, BINS)
    kernels.fold(canvas.light, canvas.count, segment)


def _struck(canvas):
    """How far all strokes have turned it: state[2], which state[3] follows softly."""
    state = canvas.state
    if has_onset(canvas, 1):
        state[2] = state[2] + _STEP & 0xFFFF
    state[3] = state[3] + ((state[2] - state[3] & 0xFFFF) + 7 >> 3) & 0xFFFF
    return state[3]
