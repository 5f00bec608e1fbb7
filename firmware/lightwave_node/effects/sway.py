"""A soft light swings like a pendulum, a beat to each side. intensity: how wide the light is."""

from lightwave_node.effects.base import there_and_back


def draw(canvas):
    count = canvas.count
    canvas.flood(0)
    canvas.colours(canvas.origin, 32768)
    at = there_and_back(canvas.beat >> 1 & 0xFFFF) * (count - 1) >> 8
    canvas.spot(at, 512 + (canvas.look.intensity * count >> 1))
