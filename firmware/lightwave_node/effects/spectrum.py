from array import array

from lightwave_node.effects.base import Effect

BINS = 64


class Spectrum(Effect):
    """The sound's spectrum along the strip, low notes first: a bar jumps up with the sound and falls back. speed: how
    fast it falls; intensity: how bright loud is; colours from the palette by place. Dark without sound."""

    NAME = "spectrum"

    def __init__(self, kernels, count):
        super().__init__(kernels, count)
        self._levels = array("H", bytes(2 * BINS))

    def start(self):
        for i in range(BINS):
            self._levels[i] = 0

    def draw(self, canvas, count, look, moment):
        self.kernels.follow_spectrum(self._levels, moment.sound, BINS, 252 - (look.speed >> 1))
        self.kernels.bars(canvas.pixels, count, self._levels, BINS, canvas.table)
        self.kernels.dim(canvas.pixels, count, look.intensity + 1)
