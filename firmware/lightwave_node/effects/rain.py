"""Sparkling drops fall along the strip. speed: how fast they fall; intensity: how many there are."""

from lightwave_node.effects.base import random


def draw(canvas):
    for _ in range(canvas.steps(24)):
        _fall(canvas, random(canvas))


def _fall(canvas, drop):
    """One LED on, and either a new drop or the tail of the last one comes in."""
    light = canvas.light[0] * 13 >> 4
    if drop & 255 <= (canvas.look.intensity >> 2) + 4:
        light = 65535
    canvas.kernels.shift(canvas.light, canvas.count, 1, light)
    canvas.kernels.shift(canvas.place, canvas.count, 1, canvas.origin + (drop >> 1) & 0xFFFF)
