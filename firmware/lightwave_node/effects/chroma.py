"""The twelve notes of the scale along the strip, from A on, whatever their octave. speed: how fast they fall;
intensity: how bright loud is, from half to full. Dark without sound."""

from lightwave_node.effects.base import keep_levels
from lightwave_node.snapshot import CHROMA_AT, PITCHES


def draw(canvas):
    kernels, count = canvas.kernels, canvas.count
    kernels.follow(canvas.levels, canvas.moment.sound, CHROMA_AT, PITCHES, keep_levels(canvas))
    kernels.stretch(canvas.light, count, canvas.levels, PITCHES)
    kernels.fade(canvas.light, count, 8192 + (canvas.look.intensity << 5))
    canvas.colours(canvas.origin, 65536)
