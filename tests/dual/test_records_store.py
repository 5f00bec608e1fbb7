from struct import unpack

from dual_support import raises
from records_support import MemoryDisk, payloads

from lightwave.records.legacy import CLASSES, MGC, LegacyStore
from lightwave.records.page import DATA, DROPPED, GAP, PAGE_SIZE
from lightwave.records.store import Settings, Store

SECOND = 1000000
STREAMS = {"metrics": 2, "events": 2}


def filled(store, count, size=20, stream="metrics"):
    """Records numbered in their payloads; each a millisecond after the other."""
    for number in range(count):
        store.append(stream, bytes([number & 255]) * size, number * 1000)
    return store


def ranges(records, kind):
    return [unpack("<II", record.payload) for record in records if record.kind == kind]


def test_records_are_read_in_order_and_stay_until_erased():
    store = filled(Store(MemoryDisk(), STREAMS), 10)
    stream = store.streams["metrics"]
    assert [record.seq for record in stream.read(4)] == [0, 1, 2, 3]
    assert len(stream.read(100)) == 10
    stream.erase(6)
    assert [record.seq for record in stream.read(100)] == [7, 8, 9]
    assert store.streams["events"].read(10) == []


def test_ram_goes_to_disk_at_the_threshold():
    disk = MemoryDisk()
    store = Store(disk, STREAMS, Settings(ram_threshold=80))
    fill = store.streams["metrics"].capacity() // 38
    filled(store, fill * 79 // 100)
    store.tick(SECOND)
    assert store.disk_bytes() == 0
    filled(store, fill * 3 // 100)
    store.tick(SECOND)
    assert store.disk_bytes() == 2 * PAGE_SIZE and store.streams["metrics"].used() == 0
    assert len(store.streams["metrics"].read(1000)) == fill * 79 // 100 + fill * 3 // 100


def test_ram_goes_to_disk_at_its_age():
    store = filled(Store(MemoryDisk(), STREAMS, Settings(max_age_s=60)), 1)
    store.tick(59 * SECOND)
    assert store.disk_bytes() == 0
    store.tick(60 * SECOND)
    assert store.disk_bytes() == PAGE_SIZE


def test_without_care_for_the_flash_every_tick_writes():
    store = filled(Store(MemoryDisk(), STREAMS, Settings(flash_wear_minimize=False)), 1)
    store.tick(1)
    assert store.disk_bytes() == PAGE_SIZE


def test_what_was_taken_away_in_time_is_never_written():
    disk = MemoryDisk()
    store = Store(disk, STREAMS)
    written = disk.writes
    for _ in range(50):
        filled(store, 20)
        store.streams["metrics"].erase(store.streams["metrics"].next_seq - 1)
        store.tick(10 * SECOND)
    assert disk.writes == written


def test_a_new_life_finds_what_was_flushed_and_not_what_was_erased():
    disk = MemoryDisk()
    store = filled(Store(disk, STREAMS), 500)
    assert store.flush()
    store.streams["metrics"].erase(99)
    filled(store, 3)  # only in RAM: lost
    again = Store(disk, STREAMS)
    records = again.streams["metrics"].read(1000)
    assert [record.seq for record in records] == list(range(100, 500))
    assert again.streams["metrics"].next_seq == 500
    assert filled(again, 1).streams["metrics"].read(1000)[-1].boot == records[0].boot + 1


def test_erased_records_that_were_in_a_page_with_others_stay_erased():
    disk = MemoryDisk()
    store = filled(Store(disk, STREAMS), 10)
    store.streams["metrics"].erase(4)
    store.flush()
    assert [record.seq for record in Store(disk, STREAMS).streams["metrics"].read(99)] == [5, 6, 7, 8, 9]


def test_a_full_ring_without_a_disk_drops_the_oldest_and_says_so():
    store = filled(Store(None, STREAMS), 1000)
    records = store.streams["metrics"].read(1000)
    assert records[-1].seq == store.streams["metrics"].next_seq - 1
    dropped = ranges(records, DROPPED)
    assert dropped and records[0].seq == dropped[-1][1] + 1
    assert payloads(records)[-1] == bytes([999 & 255]) * 20 and store.dropped > 0
    assert [record.seq for record in records] == list(range(records[0].seq, records[-1].seq + 1))


def test_a_disk_that_fails_leaves_ram_and_an_event():
    disk = MemoryDisk()
    store = filled(Store(disk, STREAMS), 100)
    disk.failing = True
    assert not store.flush()
    assert store.disk is None and store.failure.startswith("disk: ")
    assert len(store.streams["metrics"].read(1000)) == 100
    assert store.streams["events"].read(1)[0].payload.startswith(b"disk: ")
    filled(store, 1000)  # goes on, and drops the oldest
    metrics = store.metrics()
    assert metrics["error_rate"] > 0 and metrics["recovery_events"] == 1 and metrics["ram_usage_percent"] > 30


def test_a_disk_that_is_full_leaves_ram():
    store = filled(Store(MemoryDisk(9000), STREAMS, Settings(disk_share_pct=100)), 1000)
    store.flush()
    assert store.disk is None and "28" in store.failure
    assert store.streams["metrics"].read(5000)


def test_what_a_full_disk_holds_is_read_and_erased_all_the_same():
    disk = MemoryDisk()
    store = filled(Store(disk, STREAMS), 300)
    assert store.flush()
    disk.capacity -= disk.free()
    filled(store, 30)
    assert not store.flush() and store.disk is None
    metrics = store.streams["metrics"]
    assert [record.seq for record in metrics.read(1000)] == list(range(330))
    metrics.erase(199)
    assert [record.seq for record in metrics.read(1000)] == list(range(200, 330))


def test_boots_whose_number_cannot_be_kept_do_not_share_one():
    disk = MemoryDisk()
    first = filled(Store(disk, STREAMS), 1).streams["metrics"].boot
    disk.failing = True
    later = [Store(disk, STREAMS).streams["metrics"].boot for _ in range(2)]
    assert len({first, first + 1, 0} | set(later)) == 5


def test_a_disk_that_fails_when_read_is_no_error_of_the_reader():
    disk = MemoryDisk()
    store = filled(Store(disk, STREAMS), 300)
    store.flush()
    disk.failing = True
    assert store.streams["metrics"].read(10) == []
    assert store.disk is None


def test_damage_is_told_as_a_gap_and_nothing_else_is_lost():
    disk = MemoryDisk()
    store = filled(Store(disk, STREAMS), 400)
    store.flush()
    name = [name for name in disk.names() if name.endswith(".seg")][0]
    data = bytearray(disk.files[name])
    data[PAGE_SIZE + 200] ^= 1  # in the second of the pages
    disk.files[name] = bytes(data)
    first_of_second = 107
    records = Store(disk, STREAMS).streams["metrics"].read(1000)
    ((lost_from, lost_to),) = ranges(records, GAP)
    assert first_of_second <= lost_from <= lost_to <= 213
    seen = [record.seq for record in records if record.kind == DATA]
    assert seen == [seq for seq in range(400) if not lost_from <= seq <= lost_to]


def test_numbers_of_damaged_records_are_not_given_out_again():
    disk = MemoryDisk()
    store = filled(Store(disk, STREAMS), 400)
    store.flush()
    name = [name for name in disk.names() if name.endswith(".seg")][-1]
    disk.files[name] = disk.files[name][:-PAGE_SIZE] + bytes(PAGE_SIZE)
    again = filled(Store(disk, STREAMS), 1)
    assert again.streams["metrics"].next_seq > 400
    records = again.streams["metrics"].read(1000)
    assert ranges(records, GAP)[-1][1] == records[-1].seq - 1
    assert again.recovery_events > 0


def test_without_recovery_it_begins_anew():
    disk = MemoryDisk()
    filled(Store(disk, STREAMS), 400).flush()
    again = Store(disk, STREAMS, Settings(recovery_enabled=False))
    assert again.streams["metrics"].read(10) == [] and again.disk_bytes() == 0


def test_a_store_that_is_not_enabled_touches_no_disk():
    disk = MemoryDisk()
    store = filled(Store(disk, STREAMS, Settings(enabled=False)), 500)
    store.flush()
    assert disk.names() == [] and store.streams["metrics"].read(10)


def test_bad_input_is_named():
    store = Store(MemoryDisk(), STREAMS)
    with raises(ValueError) as caught:
        store.append("metrics", bytes(256), 0)
    assert "255" in str(caught.error)
    with raises(ValueError) as caught:
        store.streams["metrics"].erase(0)
    assert "upto" in str(caught.error)
    for key, value in (("ram_threshold", 0), ("disk_limit_mb", 257), ("max_age_s", 0), ("disk_share_pct", True)):
        with raises(ValueError) as caught:
            Settings(**{key: value})
        assert key in str(caught.error)


def test_the_figures_of_the_specification():
    store = Store(MemoryDisk(), STREAMS)
    store.tick(0)
    filled(store, 500)
    store.flush()
    store.tick(1800 * SECOND)
    metrics = store.metrics()
    assert set(metrics) == {
        "ram_usage_percent", "flush_count_per_hour", "disk_storage_mb", "recovery_events", "error_rate",
    }  # fmt: skip
    assert metrics["flush_count_per_hour"] == 2 * store.flushes
    assert abs(metrics["disk_storage_mb"] - store.disk_bytes() / 1048576) < 0.001


def test_the_legacy_calls():
    legacy = LegacyStore(Store(MemoryDisk(), {name: 2 for name in CLASSES}), lambda: 5)
    for number in range(10):
        assert legacy.write_tsd_evt(MGC, bytes([number])) == number
    assert legacy.read_tsd_evt(MGC, 3) == (5, b"\x03")
    assert legacy.read_tsd_evt(MGC, 10) is None and legacy.read_tsd_evt("host", 0) is None
    assert legacy.atomic_erase_records(MGC, 4) == 4
    assert legacy.read_tsd_evt(MGC, 0) == (5, b"\x04")
    assert legacy.atomic_erase_records(MGC, 100) == 6 and legacy.atomic_erase_records(MGC, 1) == 0
    with raises(ValueError):
        legacy.write_tsd_evt("disk", b"")
