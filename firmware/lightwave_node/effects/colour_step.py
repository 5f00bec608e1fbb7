"""The whole strip takes the next colour of the palette with every beat. intensity: how soft the step is, from at once
to a whole beat; without a beat, speed sets the tempo."""

from lightwave_node.canvas import FULL_LIGHT

_STEP = 11264  # eleven sixty-fourths of the palette: 16 beats meet no colour twice


def draw(canvas):
    beat = canvas.beat
    soft = (canvas.look.intensity << 8) + 1
    gone = beat & 0xFFFF
    share = 64 if gone >= soft else (gone << 6) // soft
    canvas.colours(canvas.origin + (beat >> 16) * _STEP + (share - 64) * (_STEP >> 6), 0)
    canvas.flood(FULL_LIGHT)
