from lightwave_node.effects.base import Effect, turn


class Gradient(Effect):
    """The palette along the strip, wandering. speed: 0 stands still, 255 one round a second; intensity: how much of
    the palette is seen at once, from a quarter to four times; hue: where it begins."""

    NAME = "gradient"

    def draw(self, canvas, count, look, moment):
        seen = 16384 + look.intensity * 964  # 1/65536 of the palette
        start = (look.hue << 8) - turn(moment.hub30, look.speed * 1074 // 255) & 0xFFFF
        self.kernels.sample(canvas.pixels, count, canvas.table, start, seen // count)
