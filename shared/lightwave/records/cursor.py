"""Where reading goes on, kept in two alternating slots: whichever write is cut short, the other slot is whole."""

from binascii import crc32
from struct import pack, unpack

from ..compat import const

SLOT_SIZE = const(20)
_MAGIC = b"K1RC"


class Cursor:
    """`value`: the first sequence number that is not erased. `boot` counts how often the stream was opened."""

    def __init__(self, disk, name: str) -> None:
        self._disk = disk
        self._names = (name + ".cur0", name + ".cur1")
        self._generation = 0
        self.value = 0
        self.boot = 0
        self._saved = (0, 0)

    def load(self) -> None:
        """Take the newer slot that verifies; none is the beginning. Raises OSError."""
        present = self._disk.names()
        for name in self._names:
            if name in present:
                slot = bytearray(SLOT_SIZE + 1)
                if self._disk.read(name, 0, slot) == SLOT_SIZE:
                    self._take(bytes(slot[:SLOT_SIZE]))
        self._saved = (self.boot, self.value)

    def save(self) -> None:
        """Make `value` and `boot` last. Raises OSError, and then the older slot still holds."""
        if self._saved == (self.boot, self.value):
            return
        generation = self._generation + 1
        head = pack("<4sIII", _MAGIC, generation, self.boot, self.value)
        self._disk.replace(self._names[generation & 1], head + pack("<I", crc32(head)))
        self._generation = generation
        self._saved = (self.boot, self.value)

    @property
    def is_saved(self) -> bool:
        return self._saved == (self.boot, self.value)

    def _take(self, slot: bytes) -> None:
        magic, generation, boot, value, crc = unpack("<4sIIII", slot)
        if magic == _MAGIC and crc32(slot[:-4]) == crc and generation > self._generation:
            self._generation, self.boot, self.value = generation, boot, value
