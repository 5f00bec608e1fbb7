# The esp32 module: RMT and Partition are C (_sim), NVS is here.

import binascii
import json
import struct

from _sim import RMT, Partition  # noqa: F401 - this module's interface

_MAGIC = 0x53564E4B
_HEADER = "<IIII"  # magic, sequence, length, CRC-32 of the body
_HEADER_SIZE = 16
_BLOCK = 4096
_NOT_FOUND = 0x1102
_INVALID_LENGTH = 0x110C


class _Store:
    """The nvs partition as two banks of two sectors: a commit writes the older bank whole, header last, so that a
    power cut leaves the previous contents."""

    BANK_BLOCKS = 2

    def __init__(self):
        self._partition = Partition("nvs")
        self._bank = -1
        self._sequence = 0
        self.entries = {}
        for bank in range(2):
            self._load(bank)

    def _load(self, bank):
        header = bytearray(_HEADER_SIZE)
        self._partition.readblocks(bank * self.BANK_BLOCKS, header, 0)
        magic, sequence, length, crc = struct.unpack(_HEADER, header)
        if magic != _MAGIC or sequence <= self._sequence or length > self.BANK_BLOCKS * _BLOCK - _HEADER_SIZE:
            return
        body = bytearray(length)
        self._partition.readblocks(bank * self.BANK_BLOCKS, body, _HEADER_SIZE)
        if binascii.crc32(body) != crc:
            return
        self._bank = bank
        self._sequence = sequence
        self.entries = json.loads(body)

    def commit(self):
        body = json.dumps(self.entries).encode()
        if len(body) > self.BANK_BLOCKS * _BLOCK - _HEADER_SIZE:
            raise OSError(-0x1105, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")
        bank = 1 - self._bank if self._bank >= 0 else 0
        first = bank * self.BANK_BLOCKS
        for block in range(first, first + self.BANK_BLOCKS):
            self._partition.ioctl(6, block)
        self._partition.writeblocks(first, body, _HEADER_SIZE)
        header = struct.pack(_HEADER, _MAGIC, self._sequence + 1, len(body), binascii.crc32(body))
        self._partition.writeblocks(first, header, 0)
        self._bank = bank
        self._sequence += 1


_store = None


class NVS:
    """Values are kept in RAM until commit(), which ESP-IDF also allows: firmware that forgets it loses them."""

    def __init__(self, namespace):
        global _store
        if _store is None:
            _store = _Store()
        self._values = _store.entries.setdefault(namespace, {})

    def _get(self, key, kind):
        try:
            found, value = self._values[key]
        except KeyError:
            found = None
        if found != kind:
            raise OSError(-_NOT_FOUND, "ESP_ERR_NVS_NOT_FOUND")
        return value

    def set_i32(self, key, value):
        if not -(1 << 31) <= value < 1 << 31:
            raise OverflowError
        self._values[key] = ("i", value)

    def get_i32(self, key):
        return self._get(key, "i")

    def set_blob(self, key, value):
        self._values[key] = ("b", binascii.hexlify(value).decode())

    def get_blob(self, key, buffer):
        value = binascii.unhexlify(self._get(key, "b"))
        if len(value) > len(buffer):
            raise OSError(-_INVALID_LENGTH, "ESP_ERR_NVS_INVALID_LENGTH")
        buffer[: len(value)] = value
        return len(value)

    def erase_key(self, key):
        if self._values.pop(key, None) is None:
            raise OSError(-_NOT_FOUND, "ESP_ERR_NVS_NOT_FOUND")

    def commit(self):
        _store.commit()
