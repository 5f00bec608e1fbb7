"""A page: 4 KB that stand alone (FORMAT.md, "Pages"). Records are written into it in RAM exactly as they go to disk."""

from binascii import crc32
from struct import pack, pack_into, unpack_from

from ..compat import const

PAGE_SIZE = const(4096)
HEAD_SIZE = const(28)
RECORD_HEAD = const(14)
OVERHEAD = const(18)  # of a record: its head and its CRC
MAX_PAYLOAD = const(255)
MAX_RECORDS = const(226)  # in a page, each without a payload
VERSION = const(1)
MAGIC = b"K1RS"

# Kinds of records. The last two are made by the store itself; their payload is two u32: the first and the last
# sequence number that is missing.
DATA = const(0)
GAP = const(1)  # what was found damaged when it was read
DROPPED = const(2)  # what made room, in RAM or on disk

_MARK = const(0xA0)
_END = const(0xFF)  # erased flash: no record follows in this page


class Page:
    """One buffer of PAGE_SIZE. `open` begins it, `put` fills it; one thread."""

    def __init__(self, size: int = PAGE_SIZE) -> None:
        self.buf = bytearray(size)
        self.view = memoryview(self.buf)
        self.used = PAGE_SIZE
        self.first = 0  # sequence numbers of the first and the last record
        self.last = 0
        self.segment = 0
        self.opened_us = 0  # time of the first record
        self._seed = 0

    def open(self, segment: int, salt: int, boot: int, first: int) -> None:
        self.buf[:] = b"\xff" * PAGE_SIZE
        pack_into("<4sHHIIII", self.buf, 0, MAGIC, VERSION, HEAD_SIZE, segment, salt, boot, first)
        self._seed = crc32(self.view[: HEAD_SIZE - 4])
        pack_into("<I", self.buf, HEAD_SIZE - 4, self._seed)
        self.used = HEAD_SIZE
        self.first = first
        self.last = first - 1
        self.segment = segment

    def put(self, seq: int, time_us: int, kind: int, payload) -> bool:
        """False when there is no room, or too much for any page."""
        at = self.used
        size = len(payload)
        end = at + OVERHEAD + size
        if end > PAGE_SIZE or size > MAX_PAYLOAD:
            return False
        # One piece of bytes and one copy: the quickest that Python has, on either interpreter.
        record = pack("<BBIQ", _MARK | kind, size, seq, time_us) + payload
        self.buf[at:end] = record + crc32(record, self._seed).to_bytes(4, "little")
        if at == HEAD_SIZE:
            self.opened_us = time_us
        self.used = end
        self.last = seq
        return True


class Header:
    """What the head of a page says."""

    def __init__(self, segment: int, salt: int, boot: int, first: int, seed: int) -> None:
        self.segment = segment
        self.salt = salt
        self.boot = boot
        self.first = first
        self.seed = seed


def read_header(buf):
    """The Header of a page, None where there is none that verifies."""
    if len(buf) < HEAD_SIZE:
        return None
    magic, version, size, segment, salt, boot, first, crc = unpack_from("<4sHHIIIII", buf, 0)
    if magic != MAGIC or version != VERSION or size != HEAD_SIZE or crc32(buf[: HEAD_SIZE - 4]) != crc:
        return None
    return Header(segment, salt, boot, first, crc)


class Record:
    """One record as it is read. `boot` and `seq` together name it; what is missing has kind GAP or DROPPED."""

    def __init__(self, boot: int, seq: int, time_us: int, kind: int, payload: bytes) -> None:
        self.boot = boot
        self.seq = seq
        self.time_us = time_us
        self.kind = kind
        self.payload = payload

    def __eq__(self, other) -> bool:
        return isinstance(other, Record) and self.astuple() == other.astuple()

    def __repr__(self) -> str:
        return "Record%r" % (self.astuple(),)

    def astuple(self) -> tuple:
        return self.boot, self.seq, self.time_us, self.kind, self.payload


def read_records(buf, header: Header) -> tuple:
    """The records of a page that verify, up to the first that does not, and whether the page was whole."""
    records = []  # type: list[Record]
    at = HEAD_SIZE
    expected = header.first
    length = len(buf)
    while at + OVERHEAD <= length:
        if buf[at] == _END:
            return records, _is_erased(buf, at)
        mark, size, seq, time_us = unpack_from("<BBIQ", buf, at)
        end = at + RECORD_HEAD + size
        if mark & 0xF0 != _MARK or end + 4 > length or seq != expected:
            return records, False
        if crc32(buf[at:end], header.seed) != unpack_from("<I", buf, end)[0]:
            return records, False
        records.append(Record(header.boot, seq, time_us, mark & 0x0F, bytes(buf[at + RECORD_HEAD : end])))
        expected += 1
        at = end + 4
    return records, length == PAGE_SIZE and _is_erased(buf, at)


def _is_erased(buf, at: int) -> bool:
    return not bytes(buf[at:]).strip(b"\xff")
