"""The inner loops of a frame as machine code. Same names, files and results as lightwave_node/kernels, which says what
each does; tests/node/kernel_vectors.py holds both to it.

A viper call keeps the GIL, so each stays well under 1 ms on the board. Pointers are not checked: callers pass buffers
of the right sizes, and counts that fit. Import fails with SyntaxError where no native emitter exists.
"""

from .fields import box, burn, copy, fade, fold, ramp, shift, sow, spot, swell, tail, twinkle
from .frame import blend, blur, mirror, paint, spread, to_wire
from .link import encode_pulses, pulse_slots, sample, xor_mask
from .sound import follow, loudest, octaves, stretch, wipe

__all__ = [
    "blend", "blur", "box", "burn", "copy", "encode_pulses", "fade", "fold", "follow", "loudest", "mirror", "octaves",
    "paint", "pulse_slots", "ramp", "sample", "shift", "sow", "spot", "spread", "stretch", "swell", "tail", "to_wire",
    "twinkle", "wipe", "xor_mask",
]  # fmt: skip
