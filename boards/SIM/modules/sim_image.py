# The application image of the running slot. On the board it is machine code; here its code segment is Python, run
# before boot.py, so that an update changes what the node does: a good one may do nothing, a bad one may hang,
# raise, or reset before the application ever starts.

import struct

_HEADER_SIZE = 24
# A load address no ESP32-S3 segment has; segments for other addresses are data.
CODE_ADDRESS = 0x4B310000


def segments(partition):
    """Yield (load address, offset in the partition, length) of a slot's image; nothing if there is none."""
    header = bytearray(_HEADER_SIZE)
    partition.readblocks(0, header, 0)
    if header[0] != 0xE9:
        return
    offset = _HEADER_SIZE
    entry = bytearray(8)
    for _ in range(header[1]):
        partition.readblocks(0, entry, offset)
        address, length = struct.unpack("<II", entry)
        yield address, offset + 8, length
        offset += 8 + length


def run(partition):
    """Execute the image's code segment, if it has one, as the reset vector would."""
    for address, offset, length in segments(partition):
        if address == CODE_ADDRESS and length:
            code = bytearray(length)
            partition.readblocks(0, code, offset)
            exec(code.decode().rstrip("\0"), {"__name__": "image"})
