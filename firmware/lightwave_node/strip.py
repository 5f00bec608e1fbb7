"""One strip: from a channel's look to the bytes for its wire.

HOT: owned by the render thread; nothing but creation allocates. A frame goes effect -> cross-fade -> brightness ->
dithering -> wire bytes; what its numbers mean in light is said in light.py.
"""

from array import array

from lightwave import ticks
from lightwave_node.canvas import Canvas, FlashLimit, frame_time
from lightwave_node.light import THRESHOLDS, gain

_FULL_WEIGHT = 8192


class Strip:
    """Draws the channel's effect, and while a cross-fade lasts the one before it as well.

    A change that comes while a fade is running fades from what was last seen, which then stands still: two effects
    at a time is what a frame has room for.
    """

    def __init__(self, kernels, count, effects, gradients):
        self.count = count
        self.wire = bytearray(3 * count)
        self.flashes = FlashLimit()
        self._kernels = kernels
        self._effects = effects
        self._canvas = Canvas(kernels, count, gradients, self.flashes)
        self._leaving = Canvas(kernels, count, gradients, self.flashes)
        self._pixels = array("H", bytes(6 * count))
        self._pixels_before = array("H", bytes(6 * count))  # what a fade starts from
        self._still = False  # it is a picture, not a running effect
        self._fader = self._fader_before = 0  # as shown in the last frame, and when the fade began
        self._fade_ms = 0  # 0: no fade is running
        self._fade_since = 0
        self._look = None
        self._restarts = self._changes = 0
        self._hub30 = 0
        self._frame = 0

    def render(self, look, fader, moment):
        """Fill `wire` with the frame for `moment`, with the fader at 0..light.FULL."""
        passed_us = frame_time(moment.hub30, self._hub30)
        self._hub30 = moment.hub30
        self.flashes.step(passed_us)
        if look is not self._look or look.changes != self._changes:
            self._take_change(look, fader)
        self._canvas.render(self._pixels, moment, passed_us)
        if self._fade_ms:
            fader = self._cross_fade(fader, moment, passed_us)
        self._fader = fader
        self._frame = self._frame + 1 & 255
        self._to_wire(gain(fader))

    def _to_wire(self, light):
        self._kernels.to_wire(self._pixels, self.wire, self.count, light, THRESHOLDS, self._frame)

    def _cross_fade(self, fader, moment, passed_us):
        """Mix the new picture with the old one; where the fader is meanwhile."""
        weight = self._fade_weight(moment.hub30)
        if not self._still:
            self._leaving.render(self._pixels_before, moment, passed_us)
        self._kernels.blend(self._pixels, self._pixels_before, self.count, weight)
        return self._fader_before + ((fader - self._fader_before) * weight >> 13)

    def _take_change(self, look, fader):
        restart = look is not self._look or look.restarts != self._restarts
        still = look.still or self._fade_ms != 0 or self._look is None
        self._look = look
        self._restarts = look.restarts
        self._changes = look.changes
        if look.fade_ms:
            self._begin_fade(look, restart, still)
        elif restart:
            self._fade_ms = 0
        else:
            self._fader_before = fader  # the fader moves at once, also while pictures are fading
        self._canvas.show(self._effects[look.effect if look.effect < len(self._effects) else 0], look)
        if restart:
            self._canvas.begin(look.since)  # not the frame's time: a node that hears of it late shall draw the same

    def _begin_fade(self, look, restart, still):
        self._still = still
        if still:
            self._pixels, self._pixels_before = self._pixels_before, self._pixels
        else:
            before = self._canvas
            self._canvas, self._leaving = self._leaving, before
            if not restart:
                self._canvas.take_over(before)
        self._fader_before = self._fader
        self._fade_ms = look.fade_ms
        self._fade_since = look.since

    def _fade_weight(self, hub30):
        """How far the fade is, 0..8192; ends it when it is through."""
        gone_ms = ticks.diff(hub30, self._fade_since) // 1000
        if gone_ms >= self._fade_ms:
            self._fade_ms = 0
            return _FULL_WEIGHT
        return gone_ms * _FULL_WEIGHT // self._fade_ms if gone_ms > 0 else 0
