"""Opens from the middle with the bass and closes again; the middle notes turn its colours, the high ones light its rim.
speed: how fast it closes; intensity: how far it opens. Dark without sound."""

from lightwave.packets import u16
from lightwave_node.effects.base import fall, limited
from lightwave_node.snapshot import BASS_AT, MID_AT, TREBLE_AT


def draw(canvas):
    """Draws the first half, whose end is the middle; the other one mirrors it."""
    half = (canvas.count + 1) // 2
    _colour(canvas)
    bass = u16(canvas.moment.sound, BASS_AT)
    bass = limited(canvas, 4, fall(canvas, 1, bass, 3))
    canvas.kernels.ramp(canvas.light, half, 0, 0)
    if bass > 500:
        bass = (bass >> 4) * (canvas.look.intensity + 64) >> 8
        _open(canvas, half, 256 + (bass * canvas.count >> 5))
    canvas.kernels.fold(canvas.light, canvas.count, half)
    canvas.kernels.fold(canvas.place, canvas.count, half)


def _colour(canvas):
    turned = u16(canvas.moment.sound, MID_AT)
    turned = fall(canvas, 3, turned, 1)
    canvas.colours(canvas.origin + (turned >> 2), 65536)


def _open(canvas, half, radius):
    middle = (canvas.count - 1) * 128
    canvas.kernels.spot(canvas.light, half, middle, radius)
    middle -= radius
    canvas.box(middle, middle + 512, u16(canvas.moment.sound, TREBLE_AT))
