"""One strip: from a channel's look to the bytes for its wire.

HOT: owned by the render thread; nothing but creation allocates. Pixels are 16-bit linear light. A WS2812's duty cycle
is linear in light too, so between the two there is only scaling and no gamma table; what is not linear is the eye's
judgement of a fader, and that belongs to whoever moves the fader.
"""

from array import array

from lightwave import ticks
from lightwave_node.palettes import hue_colour

_FULL_WEIGHT = 1024
_HUE_PALETTE_SPAN = 48  # palette 0 wanders from the hue this far round the circle, and back


class Canvas:
    """What effects draw on: `pixels` for `count` LEDs, and the channel's colours: `colour` (its hue), `palette` and its
    256 colours in `table`."""

    def __init__(self, kernels, count, gradients):
        self.count = count
        self.pixels = array("H", bytes(6 * count))
        self.colour = array("H", (0, 0, 0))
        self.table = array("H", bytes(6 * 256))
        self._kernels = kernels
        self._gradients = gradients
        self._hue_gradient = array("H", (0, 0, 0, 0, 128, 0, 0, 0, 255, 0, 0, 0))
        self.palette = -1  # as shown: 0 where the look's is unknown
        self._hue = self._saturation = -1

    def choose_colours(self, look):
        """Make `colour` and `table` those of the look, where they are not already."""
        palette = look.palette if look.palette < len(self._gradients) else 0
        recoloured = look.hue != self._hue or look.saturation != self._saturation
        if recoloured:
            self._hue, self._saturation = look.hue, look.saturation
            hue_colour(self.colour, 0, look.hue, look.saturation)
        if palette != self.palette or (recoloured and palette == 0):
            self.palette = palette
            gradient = self._gradients[palette]
            if palette == 0:
                gradient = self._hue_gradient
                hue_colour(gradient, 1, look.hue, look.saturation)
                hue_colour(gradient, 5, (look.hue + _HUE_PALETTE_SPAN) & 255, look.saturation)
                hue_colour(gradient, 9, look.hue, look.saturation)
            self._kernels.spread(self.table, gradient, len(gradient) // 4)


class Strip:
    """Draws the channel's effect, cross-fades from the frame before a change, and converts to wire bytes."""

    def __init__(self, kernels, count, effects, gradients):
        self.count = count
        self.wire = bytearray(3 * count)
        self._kernels = kernels
        self._effects = [effect(kernels, count) for effect in effects]
        self._canvas = Canvas(kernels, count, gradients)
        self._before = array("H", bytes(6 * count))  # the frame that a fade starts from
        self._level_before = 0
        self._level = 0  # as shown in the last frame, 0..256
        self._fade_ms = 0  # 0: no fade is running
        self._fade_since = 0
        self._look = None
        self._restarts = self._changes = 0

    def render(self, look, level, moment):
        """Fill `wire` with the frame for `moment` at `level` (0..256)."""
        effect = self._effects[look.effect if look.effect < len(self._effects) else 0]
        if look is not self._look or look.changes != self._changes:
            self._take_change(look, effect)
        canvas = self._canvas
        canvas.choose_colours(look)
        effect.render(canvas, look, moment)
        if self._fade_ms:
            weight = self._fade_weight(moment.hub30)
            self._kernels.blend(canvas.pixels, self._before, self.count, weight)
            level = self._level_before + ((level - self._level_before) * weight >> 10)
        self._level = level
        self._kernels.to_wire(canvas.pixels, self.wire, self.count, level)

    def _take_change(self, look, effect):
        if look is not self._look or look.restarts != self._restarts:
            effect.start()
        self._look = look
        self._restarts = look.restarts
        self._changes = look.changes
        self._fade_ms = look.fade_ms
        self._fade_since = look.since
        if self._fade_ms:
            self._level_before = self._level
            self._kernels.copy(self._before, self._canvas.pixels, self.count)

    def _fade_weight(self, hub30):
        """How far the fade is, 0..1024; ends it when it is through."""
        gone_ms = ticks.diff(hub30, self._fade_since) // 1000
        if gone_ms >= self._fade_ms:
            self._fade_ms = 0
            return _FULL_WEIGHT
        return gone_ms * _FULL_WEIGHT // self._fade_ms if gone_ms > 0 else 0
