"""The strip is a bar of four beats, the colour its tempo: what is struck is drawn where the bar is, and the bars before
shine through. The beats are marked, the brighter, the surer the tempo. intensity: how long a bar shines; without a
beat, speed sets the tempo. Without sound only the cursor moves."""

from lightwave.packets import u16
from lightwave_node.snapshot import BANDS, BASS_AT, NOVELTY_AT

_CURSOR = 12000


def draw(canvas):
    keep = 16384 - (canvas.frame_us >> 4 + (canvas.look.intensity >> 5))
    canvas.kernels.fade(canvas.light, canvas.count, keep)
    canvas.colours(canvas.origin + canvas.moment.bpm_x100 * 2, 32768)
    if canvas.moment.confidence:
        _mark(canvas, canvas.moment.confidence >> 2)
    at = (canvas.beat & 0x3FFFF) * canvas.count >> 10
    canvas.box(at, at + 384, _struck(canvas))


def _mark(canvas, light):
    for beat in range(4):
        beat *= canvas.count * 64
        canvas.box(beat, beat + 256, light)


def _struck(canvas):
    """An onset in full, what sounds on at half."""
    sound = canvas.moment.sound
    light = (canvas.kernels.loudest(sound, BASS_AT, BANDS) & 0xFFFF) >> 1
    novelty = u16(sound, NOVELTY_AT)
    if light < novelty:
        light = novelty
    return light if light > _CURSOR else _CURSOR
