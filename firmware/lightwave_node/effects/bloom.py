"""Opens from the middle with the bass and closes again. speed: how fast it closes; intensity: how far it opens. Dark
without sound."""

from lightwave_node.effects.base import fall

_BASS_BINS = 20  # up to 330 Hz


def draw(canvas):
    bass = canvas.kernels.loudest(canvas.moment.sound, 0, _BASS_BINS) & 0xFFFF
    bass = fall(canvas, 1, bass, 3)
    canvas.flood(0)
    canvas.colours(canvas.origin, 32768)
    if bass > 500:
        radius = (bass >> 4) * (canvas.look.intensity + 64) >> 8
        canvas.spot((canvas.count - 1) * 128, 256 + (radius * canvas.count >> 5))
