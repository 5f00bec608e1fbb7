"""The effects. An effect's place in EFFECTS is its id on the wire: add at the end, never in between."""

from lightwave_node.effects.gradient import Gradient
from lightwave_node.effects.pulse import Pulse
from lightwave_node.effects.solid import Solid
from lightwave_node.effects.spectrum import Spectrum

EFFECTS = (Solid, Gradient, Pulse, Spectrum)


def names():
    return [effect.NAME for effect in EFFECTS]
