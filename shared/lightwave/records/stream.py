"""One stream of records: pages in RAM, segments behind them on disk, a cursor up to which all was taken away."""

from struct import pack

from ..compat import const, urandom
from .cursor import Cursor
from .page import (
    DATA,
    DROPPED,
    GAP,
    HEAD_SIZE,
    MAX_PAYLOAD,
    MAX_RECORDS,
    PAGE_SIZE,
    Page,
    Record,
    read_header,
    read_records,
)

PAGES_PER_SEGMENT = const(16)
_SUFFIX = ".seg"


NO_PAGE = Page(0)  # takes nothing


class Segment:
    """A file of whole pages. `last` is no smaller than the last sequence number in it."""

    def __init__(self, name: str, number: int, first: int, last: int, size: int) -> None:
        self.name = name
        self.number = number
        self.first = first
        self.last = last
        self.size = size


class Stream:
    """One thread. `store` (store.py) has the disk, None for RAM alone, and is told of failures and of what happened."""

    def __init__(self, store, name: str, pages: int) -> None:
        self.name = name
        self._store = store
        self._free = [Page() for _ in range(max(1, pages))]
        self._pages = []  # type: list[Page]  # in RAM, the oldest first
        self._page = NO_PAGE  # the one being filled, the last of them
        self._segments = []  # type: list[Segment]
        self._cursor = Cursor(store.disk, name)
        self._cursor.boot = int.from_bytes(urandom(4), "little")
        self._next_seq = 0
        self._number = 0  # of the segment that pages are being filled for
        self._salt = 0
        self._pages_of_segment = PAGES_PER_SEGMENT
        self._capacity = len(self._free) * (PAGE_SIZE - HEAD_SIZE)

    # ---- writing ---------------------------------------------------------------------------------------------

    def append(self, payload, time_us: int) -> int:
        """Keep a record of at most 255 bytes; its sequence number. Raises ValueError for a longer one, and nothing
        else: what the disk cannot take stays in RAM, and what RAM cannot hold drops the oldest."""
        seq = self._next_seq
        if self._page.put(seq, time_us, DATA, payload):  # nearly always
            self._next_seq = seq + 1
            return seq
        if len(payload) > MAX_PAYLOAD:
            raise ValueError("payload: a record has at most %d bytes, not %d" % (MAX_PAYLOAD, len(payload)))
        return self._put(DATA, payload, time_us)

    def _put(self, kind: int, payload, time_us: int) -> int:
        seq = self._next_seq
        if not self._page.put(seq, time_us, kind, payload):
            self._begin_page(time_us)
            seq = self._next_seq  # making room may have told of what was dropped
            self._page.put(seq, time_us, kind, payload)
        self._next_seq = seq + 1
        return seq

    def _begin_page(self, time_us: int) -> None:
        if not self._free:
            self.flush()
        dropped = None if self._free else self._drop_oldest_page()
        if self._pages_of_segment >= PAGES_PER_SEGMENT:
            self._begin_segment()
        self._pages_of_segment += 1
        page = self._free.pop()
        page.open(self._number, self._salt, self._cursor.boot, self._next_seq)
        self._pages.append(page)
        self._page = page
        if dropped is not None:
            self._put(DROPPED, dropped, time_us)

    def _begin_segment(self) -> None:
        self._number += 1
        self._salt = int.from_bytes(urandom(4), "little")
        self._pages_of_segment = 0

    def _drop_oldest_page(self):
        """Make room in RAM; what to write of it."""
        page = self._pages[0]
        self._give_back(page)
        lost_from = max(page.first, self._cursor.value)
        self._cursor.value = max(self._cursor.value, page.last + 1)
        self._store.note_dropped(page.last + 1 - lost_from)
        return pack("<II", lost_from, page.last)

    def _give_back(self, page: Page) -> None:
        self._pages.remove(page)
        self._free.append(page)
        if page is self._page:
            self._page = NO_PAGE

    def used(self) -> int:
        """Bytes of records in RAM."""
        return sum(page.used - HEAD_SIZE for page in self._pages)

    def capacity(self) -> int:
        return self._capacity

    def oldest_us(self) -> int:
        """Time of the oldest record that is only in RAM; -1 without one."""
        return self._pages[0].opened_us if self._pages else -1

    def flush(self) -> bool:
        """Write all pages in RAM to disk, a page that is not full as well; False when they stay where they are."""
        pages = [page for page in self._pages if page.last >= page.first]
        if not pages:
            return True
        if self._store.disk is None:
            return False
        try:
            # What was erased must not come back with a page that still holds it.
            self._cursor.save()
            for page in pages:
                self._write(page)
        except OSError as error:
            self._store.fail(error)
            return False
        self._store.note_flush()
        self._store.make_room()
        return True

    def _write(self, page: Page) -> None:
        name = "%s-%08x%s" % (self.name, page.segment, _SUFFIX)
        self._store.disk.append(name, page.buf)
        if self._segments and self._segments[-1].name == name:
            segment = self._segments[-1]
            segment.last = page.last
            segment.size += PAGE_SIZE
        else:
            self._segments.append(Segment(name, page.segment, page.first, page.last, PAGE_SIZE))
        self._give_back(page)

    # ---- reading ---------------------------------------------------------------------------------------------

    @property
    def cursor(self) -> int:
        return self._cursor.value

    @property
    def boot(self) -> int:
        return self._cursor.boot

    @property
    def next_seq(self) -> int:
        return self._next_seq

    def read(self, limit: int) -> list:
        """The oldest `limit` records that are not erased, what is missing among them as GAP; erases nothing."""
        found = []
        expected = self._cursor.value
        for record in self._stored(expected):
            if record.seq < expected:
                continue
            if record.seq > expected:
                found.append(_gap(record.boot, expected, record.seq - 1, record.time_us))
            found.append(record)
            expected = record.seq + 1
            if len(found) >= limit:
                return found[:limit]
        return found

    def _stored(self, since: int):
        for segment in self._segments:
            if segment.last >= since:
                for record in self._on_disk(segment, since):
                    yield record
        for page in self._pages:
            if page.last >= since:
                header = read_header(page.view)
                for record in read_records(page.view[: page.used], header)[0]:
                    yield record

    def _on_disk(self, segment: Segment, since: int):
        buf = bytearray(PAGE_SIZE)
        disk = self._store.readable
        if disk is None:
            return
        try:
            for number in range(segment.size // PAGE_SIZE):
                disk.read(segment.name, number * PAGE_SIZE, buf)
                for record in self._check_page(segment, buf):
                    if record.seq >= since:
                        yield record
        except OSError as error:
            self._store.readable = None
            self._store.fail(error)

    def _check_page(self, segment: Segment, buf) -> list:
        header = read_header(memoryview(buf))
        if header is None or header.segment != segment.number:
            self._store.note_damage()
            return []
        records, whole = read_records(memoryview(buf), header)
        if not whole:
            self._store.note_damage()
        return records

    def erase(self, upto: int) -> None:
        """Take away all records up to sequence number `upto`, once and for all: after a power cut either none or all
        of them are there again. Raises ValueError beyond the newest; a disk that fails leaves RAM to remember it."""
        if not self._cursor.value - 1 <= upto < self._next_seq:
            raise ValueError("upto: must be %d..%d, not %d" % (self._cursor.value - 1, self._next_seq - 1, upto))
        self._cursor.value = upto + 1
        for page in [page for page in self._pages if page.last <= upto]:
            self._give_back(page)
        if self._store.disk is None or not self._segments or self._segments[0].first > upto:
            return
        try:
            self._cursor.save()
            self._remove_erased()
        except OSError as error:
            self._store.fail(error)

    def _remove_erased(self) -> None:
        while self._segments and self._segments[0].last < self._cursor.value:
            self._store.disk.remove(self._segments[0].name)
            self._segments.pop(0)

    # ---- disk ------------------------------------------------------------------------------------------------

    def disk_bytes(self) -> int:
        return sum(segment.size for segment in self._segments)

    def drop_oldest_segment(self, time_us: int) -> None:
        """Make room on the disk, with a record that says so. Raises OSError."""
        segment = self._segments[0]
        lost_from = max(segment.first, self._cursor.value)
        self._cursor.value = max(self._cursor.value, segment.last + 1)
        self._cursor.save()
        self._store.disk.remove(segment.name)
        self._segments.pop(0)
        if lost_from <= segment.last:
            self._store.note_dropped(segment.last + 1 - lost_from)
            self._put(DROPPED, pack("<II", lost_from, segment.last), time_us)

    def recover(self) -> None:
        """Find what an earlier life left on the disk. New records go to a segment of their own.

        Raises OSError, and then this boot has a number by chance: one that the disk does not keep would come again."""
        by_chance = self._cursor.boot
        try:
            self._recover()
        except OSError:
            self._cursor.boot = by_chance
            self._next_seq = max(self._next_seq, self._cursor.value)
            raise

    def _recover(self) -> None:
        self._cursor.boot = 0
        self._cursor.load()
        self._cursor.boot += 1
        disk = self._store.disk
        prefix = self.name + "-"
        names = [name for name in disk.names() if name.startswith(prefix) and name.endswith(_SUFFIX)]
        numbered = sorted((int(name[len(prefix) : -len(_SUFFIX)], 16), name) for name in names)
        unknown = 0
        for number, name in reversed(numbered):
            self._number = max(self._number, number)
            unknown += self._adopt(number, name)
        for earlier, later in zip(self._segments[:-1], self._segments[1:]):
            earlier.last = max(earlier.last, later.first - 1)
        after = self._segments[-1].last + 1 if self._segments else 0
        self._next_seq = max(after + unknown, self._cursor.value)
        self._cursor.save()
        self._remove_erased()

    def _adopt(self, number: int, name: str) -> int:
        """One segment of an earlier life, the newest first. Its first page that verifies says where it begins, the next
        segment where it ends; the last one is read whole. A file without such a page is removed; gives how many records
        it may have held."""
        size = self._store.disk.size(name)
        pages = size // PAGE_SIZE
        found = Segment(name, number, -1, -1, pages * PAGE_SIZE)
        buf = bytearray(PAGE_SIZE)
        damaged = 0  # pages behind the last record that verifies
        for page in range(pages):
            self._store.disk.read(name, page * PAGE_SIZE, buf)
            header = read_header(memoryview(buf))
            records, whole = read_records(memoryview(buf), header) if header is not None else ([], False)
            if records:
                found.first = records[0].seq if found.first < 0 else found.first
                found.last = records[-1].seq
                damaged = 0
                if self._segments:
                    break
            if not whole:
                damaged += 1
        if size % PAGE_SIZE:  # the power went while a page was written
            damaged += 1
        if damaged:
            self._store.note_damage()
        # Nobody knows how many records the damaged pages held; their numbers are not given out again.
        if found.first < 0:
            self._store.disk.remove(name)
            return damaged * MAX_RECORDS
        found.last += damaged * MAX_RECORDS
        self._segments.insert(0, found)
        return 0


def _gap(boot: int, first: int, last: int, time_us: int) -> Record:
    return Record(boot, first, time_us, GAP, pack("<II", first, last))
