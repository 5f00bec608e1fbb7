"""The twelve notes of the scale along the strip, from A on, whatever their octave. speed: how fast they fall;
intensity: how bright loud is, from half to full. Dark without sound."""

from lightwave_node.effects.base import keep_levels

_NOTES = 12


def draw(canvas):
    kernels, count = canvas.kernels, canvas.count
    kernels.follow_chroma(canvas.levels, canvas.moment.sound, keep_levels(canvas))
    kernels.stretch(canvas.light, count, canvas.levels, _NOTES)
    kernels.fade(canvas.light, count, 8192 + (canvas.look.intensity << 5))
    canvas.colours(canvas.origin, 65536)
