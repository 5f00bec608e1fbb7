"""The inner loops of a frame, in plain Python: the reference for lightwave_hw/kernels_viper, which has the same names.

Both give the same results on the same vectors and on random ones (tests/node/kernel_vectors.py). All buffers are
array('H') unless said otherwise; all sums stay within 31 bits, so neither package ever makes a long integer, and
nothing allocates. By topic:

frame    colours: palette tables, pixels, wire bytes
fields   one word per LED: how light it is, or where in the palette its colour lies
sound    from the audio snapshot to such words
link     pulses for the LED port, previews, masks for the WebSocket
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
