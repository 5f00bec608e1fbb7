from lightwave_node.effects.base import Effect, turn


class Pulse(Effect):
    """Flares up on the beat and fades until the next; the bar's first beat is the brightest. intensity: how dark it
    gets in between; with a palette other than 0 each beat has the next of four colours. Without a beat it breathes,
    by speed: from still to once in two seconds."""

    NAME = "pulse"

    def draw(self, canvas, count, look, moment):
        if moment.bpm_x100:
            light = (65535 - moment.beat_phase) >> 8
            light = light * light >> 8
            if moment.beat & 3:
                light = light * 3 >> 2
            place = look.hue + 64 * (moment.beat & 3)
        else:
            phase = turn(moment.hub30, look.speed * 537 // 255)
            light = (phase if phase < 32768 else 65535 - phase) >> 7
            place = look.hue
        if canvas.palette == 0:
            self.kernels.fill(canvas.pixels, 0, count, canvas.colour)
        else:
            self.kernels.sample(canvas.pixels, count, canvas.table, place << 8, 0)
        self.kernels.dim(canvas.pixels, count, 256 - ((255 - light) * (look.intensity + 1) >> 8))
