from records_support import payloads

from lightwave.records.page import DATA, DROPPED, HEAD_SIZE, MAX_PAYLOAD, PAGE_SIZE, Page, read_header, read_records


def filled(count=100, size=20, salt=0xDEADBEEF):
    page = Page()
    page.open(7, salt, 3, 1000)
    for number in range(count):
        assert page.put(1000 + number, (1 << 40) + number, DATA, bytes([number]) * size)
    return page


def read(buf):
    header = read_header(memoryview(buf))
    return ([], False) if header is None else read_records(memoryview(buf), header)


def test_a_page_reads_as_it_was_written():
    page = filled()
    header = read_header(page.view)
    assert (header.segment, header.salt, header.boot, header.first) == (7, 0xDEADBEEF, 3, 1000)
    records, whole = read_records(page.view, header)
    assert whole and len(records) == 100
    assert records[99].astuple() == (3, 1099, (1 << 40) + 99, DATA, b"\x63" * 20)
    assert (page.first, page.last) == (1000, 1099)


def test_the_bytes_are_those_of_the_table():
    page = Page()
    page.open(0x01020304, 0x05060708, 9, 10)
    page.put(10, 0x1112131415161718, DROPPED, b"ab")
    text = "".join("%02x" % byte for byte in page.buf[: page.used])
    head = "4b31525301001c000403020108070605090000000a000000"
    record = "a2020a00000018171615141312116162"
    assert text[: len(head)] == head
    assert text[len(head) + 8 : len(head) + 8 + len(record)] == record
    assert len(text) == 2 * (HEAD_SIZE + 14 + 2 + 4)
    assert page.buf[page.used :] == b"\xff" * (PAGE_SIZE - page.used)


def test_a_record_never_crosses_a_page():
    page = Page()
    page.open(1, 1, 1, 0)
    count = 0
    while page.put(count, 0, DATA, bytes(MAX_PAYLOAD)):
        count += 1
    assert count == (PAGE_SIZE - HEAD_SIZE) // (MAX_PAYLOAD + 18)
    assert page.put(count, 0, DATA, bytes(PAGE_SIZE - page.used - 18))
    assert page.used == PAGE_SIZE and len(read(page.buf)[0]) == count + 1 and read(page.buf)[1]
    assert not page.put(count + 1, 0, DATA, b"")


def turn_bits(step):
    """One bit after the other of a head and 100 records."""
    page = filled()
    good = payloads(read(page.buf)[0])
    for bit in range(0, page.used * 8, step):
        page.buf[bit >> 3] ^= 1 << (bit & 7)
        records, whole = read(page.buf)
        assert not whole, bit
        assert payloads(records) == good[: max(0, (bit >> 3) - HEAD_SIZE) // 38], bit
        page.buf[bit >> 3] ^= 1 << (bit & 7)
    assert read(page.buf)[1]


def test_a_bit_that_turned_is_noticed():
    turn_bits(211)  # every one of them: tests/records


def test_a_page_cut_short_gives_what_was_written():
    page = filled(10)
    for length in range(page.used):
        records, whole = read(page.buf[:length])
        assert not whole and len(records) == max(0, length - HEAD_SIZE) // 38, length


def test_records_of_another_segment_do_not_verify():
    """Old bytes behind a new head: the same place, another salt."""
    old, new = filled(50), filled(10, salt=0xDEADBEEE)
    new.buf[new.used : old.used] = old.buf[new.used : old.used]
    records, whole = read(new.buf)
    assert len(records) == 10 and not whole


def test_a_page_of_nothing_is_no_page():
    assert read(bytearray(PAGE_SIZE)) == ([], False)
    assert read(bytearray(b"\xff" * PAGE_SIZE)) == ([], False)
