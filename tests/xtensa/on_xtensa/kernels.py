"""The viper kernels on the shared vectors, then on the cases of a file: `kernels.py FILE`.

A case is: u8 length and the kernel's name, u8 arguments, each a letter and what follows: i (i32), H (u16 count, words),
B (u16 count, bytes), L (u16 count: the slots of a list of so many pulses). Prints "NAME CRC" for every BLOCK cases of
a kernel: of all they returned and left in their buffers.
"""

import struct
import sys
from array import array
from binascii import crc32

import kernel_vectors

from lightwave_hw import kernels_viper

BLOCK = 50


def number(file, kind):
    return struct.unpack("<" + kind, file.read(struct.calcsize(kind)))[0]


def argument(file, kept):
    """One argument; what can be written to goes to `kept`."""
    kind = file.read(1)
    if kind == b"i":
        return number(file, "i")
    count = number(file, "H")
    if kind == b"L":
        pulses = [0] * count
        kept.append(pulses)
        return kernels_viper.pulse_slots(pulses)
    data = array("H", file.read(2 * count)) if kind == b"H" else bytearray(file.read(count))
    kept.append(data)
    return data


def run_case(file, crc):
    """The kernel's name and the sum with its results; None at the end."""
    length = file.read(1)
    if not length:
        return None, crc
    name = file.read(length[0]).decode()
    kept = []
    given = [argument(file, kept) for _ in range(number(file, "B"))]
    crc = crc32(repr(getattr(kernels_viper, name)(*given)).encode(), crc)
    for data in kept:
        crc = crc32(bytes(data) if isinstance(data, list) else data, crc)
    return name, crc


kernel_vectors.check(kernels_viper)
with open(sys.argv[1], "rb") as file:
    done = crc = 0
    while True:
        name, crc = run_case(file, crc)
        if name is None:
            break
        done += 1
        if done % BLOCK == 0:
            print(name, crc)
            crc = 0
print("end")
