"""The sound of the last seconds, moving away from the strip's beginning: the louder, the brighter, and the higher, the
further on in the palette. speed: how fast it moves; intensity: how bright loud is, from half to full. Dark without
sound."""

from lightwave.packets import u16
from lightwave_node.effects.base import scroll
from lightwave_node.snapshot import BANDS, BASS_AT, MID_AT, TREBLE_AT


def draw(canvas):
    sound = canvas.moment.sound
    loud = canvas.kernels.loudest(sound, BASS_AT, BANDS) & 0xFFFF
    scroll(canvas, loud * (256 + canvas.look.intensity) >> 9, _height(sound))


def _height(sound):
    """Where the bands' centre of gravity is: three quarters of the palette from bass alone to treble
    alone."""
    mid = u16(sound, MID_AT)
    treble = u16(sound, TREBLE_AT)
    return (mid + 2 * treble) * 96 // ((u16(sound, BASS_AT) + mid + treble >> 8) + 1)
