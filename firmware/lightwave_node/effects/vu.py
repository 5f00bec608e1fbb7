"""A level meter of 30 dB: the bar is the loudness, the dot above it the peak, which lingers. Full scale is the loudest
of the last seconds. speed: how fast both fall; intensity: how much of the strip full level takes, from half to all.
Dark without sound."""

from lightwave.packets import u16
from lightwave_node.effects.base import fall
from lightwave_node.snapshot import PEAK_AT, RMS_AT

_SPAN = 20164  # 30 dB in octaves of 4096; 65535 is 13 quarters of it
_LEAST_FULL = 32768  # 48 dB below what the microphone can take: what is quieter than that stays low


def draw(canvas):
    reach = canvas.count * (256 + canvas.look.intensity) >> 9
    peak = _octaves(canvas, PEAK_AT)
    bottom = _full_scale(canvas, peak) - _SPAN
    canvas.flood(0)
    canvas.colours(canvas.origin, 60000)
    loud = _height(_octaves(canvas, RMS_AT) - bottom)
    loud = fall(canvas, 1, loud, 6)
    canvas.box(0, loud * reach >> 8, 65535)
    peak = _height(peak - bottom)
    peak = fall(canvas, 2, peak, 1)
    if peak > 1000:
        canvas.spot(peak * reach >> 8, 256)


def _octaves(canvas, field):
    return canvas.kernels.octaves(u16(canvas.moment.sound, field))


def _height(octaves):
    return octaves * 13 >> 2 if octaves > 0 else 0


def _full_scale(canvas, peak):
    """Sinks by 3 dB a second."""
    full = canvas.state[3] - (canvas.frame_us >> 9)
    if full < _LEAST_FULL:
        full = _LEAST_FULL
    if full < peak:
        full = peak
    canvas.state[3] = full
    return full
