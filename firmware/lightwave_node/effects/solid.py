from lightwave_node.effects.base import Effect


class Solid(Effect):
    """One colour: the channel's hue, or with another palette the palette's colour at that place."""

    NAME = "solid"

    def draw(self, canvas, count, look, moment):
        if canvas.palette == 0:
            self.kernels.fill(canvas.pixels, 0, count, canvas.colour)
        else:
            self.kernels.sample(canvas.pixels, count, canvas.table, look.hue << 8, 0)
