"""Imports the loadable module, on a path before the built-in one of the same name, and hears with both: the snapshots
of the same samples must be equal but for the times in them."""

import sys
from array import array

HOP = 128
HOPS = 24
PUBLISHED_AT = 8  # snapshot.h: a u32 in microseconds


def noise():
    """White, some loud and some silent."""
    seed = 2463534242
    for hop in range(HOPS):
        samples = array("i", [0] * HOP)
        for i in range(HOP):
            seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
            samples[i] = (seed - 0x40000000) >> (hop % 12) if hop % 5 else 0
        yield samples


def heard(module):
    snapshot = bytearray(module.snapshot_size())
    module.audio_start(16000, HOP)
    snapshots = []
    for samples in noise():
        assert module.audio_process(samples, 1000) == 1
        assert module.snapshot_read(snapshot)
        snapshot[PUBLISHED_AT : PUBLISHED_AT + 4] = b"\0\0\0\0"
        snapshots.append(bytes(snapshot))
    module.audio_stop()
    return snapshots


import _lightwave as built_in  # noqa: E402

del sys.modules["_lightwave"]
sys.path.insert(0, sys.argv[1])
import natmod_lightwave as loaded  # noqa: E402

assert loaded is not built_in and not hasattr(loaded, "leds_start")
assert heard(loaded) == heard(built_in)
print("equal")
