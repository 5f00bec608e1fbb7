"""What every effect shares: `draw` is the one method to write, mirroring and blur are done here.

HOT: `render` runs in the render thread, once per strip and frame; neither it nor any `draw` may allocate. An effect
keeps state of its own only in what `__init__` made; each strip has its own instance, so two strips never meet.
"""


class Effect:
    NAME = ""

    def __init__(self, kernels, count):
        self.kernels = kernels

    def start(self):
        """The effect begins anew (a scene change)."""

    def draw(self, canvas, count, look, moment):
        """Set the first `count` LEDs of canvas.pixels.

        canvas: `pixels`, and the channel's colours (strip.Canvas).
        look:   the channel's parameters (show_state.ChannelLook).
        moment: the time the light appears, the beat and the sound then (renderer.Moment).
        """
        raise NotImplementedError

    def render(self, canvas, look, moment):
        count = (canvas.count + 1) // 2 if look.mirror else canvas.count
        self.draw(canvas, count, look, moment)
        if look.blur:
            self.kernels.blur(canvas.pixels, count, look.blur)
        if look.mirror:
            self.kernels.mirror(canvas.pixels, canvas.count)


def turn(hub30, rate):
    """How far a wheel has turned at a hub time, in 1/65536: the same on every node, whenever it joined.

    It makes `rate` (0..2047) whole turns in the 2^30 us of a lap of hub time, so the lap's end does not show: one
    turn a second is a rate of 1074. In two halves, because the whole product would be a long integer.
    """
    upper = (hub30 >> 15) * rate << 1
    lower = (hub30 & 0x7FFF) * rate >> 14
    return upper + lower & 0xFFFF
