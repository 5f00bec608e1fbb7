"""The effects. An effect's place in NAMES is its id on the wire: add at the end, never in between.

Each is one file of that name with one function `draw(canvas)`; base.py says what it may do.
"""

from lightwave.compat import first_importable

NAMES = (
    "solid",
    "gradient",
    "pulse",
    "spectrum",
    # ambient
    "plasma",
    "comet",
    "scanner",
    "twinkle",
    "fire",
    "breathe",
    "wave",
    "rain",
    "confetti",
    "aurora",
    "juggle",
    "marquee",
    # by the beat
    "strobe",
    "chase",
    "colour_step",
    "launch",
    "build",
    "sway",
    # by the sound
    "vu",
    "bloom",
    "history",
    "kaleidoscope",
    "spectrogram",
    "chroma",
    "tempo_map",
    "glitter",
    "ripple",
)

EFFECTS = [first_importable("lightwave_node.effects." + name).draw for name in NAMES]


def names():
    return list(NAMES)
