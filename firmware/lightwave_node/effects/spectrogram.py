"""The strongest note of each moment in its colour (an octave is once through the palette), moving away from the strip's
beginning. speed: how fast it moves; intensity: how bright quiet notes are. Dark without sound."""

from lightwave_node.effects.base import scroll
from lightwave_node.snapshot import CHROMA_AT, PITCHES

_SEMITONE = 5461  # a twelfth of the palette


def draw(canvas):
    found = canvas.kernels.loudest(canvas.moment.sound, CHROMA_AT, PITCHES)
    light = (found & 0xFFFF) * (canvas.look.intensity + 64) >> 6
    scroll(canvas, light if light < 65535 else 65535, (found >> 16) * _SEMITONE)
