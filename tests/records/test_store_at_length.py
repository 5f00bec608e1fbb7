"""The store with more records than a node's memory holds twice, and against a plain list."""

from dual_support import Random
from records_support import MemoryDisk, payloads
from test_records_store import SECOND, STREAMS, filled, ranges

from lightwave.records.page import DATA, DROPPED, GAP
from lightwave.records.store import Settings, Store


def test_segments_that_were_taken_away_are_removed():
    disk = MemoryDisk()
    store = filled(Store(disk, STREAMS), 6000)
    store.flush()
    segments = len(disk.names())
    store.streams["metrics"].erase(5000)
    assert len(disk.names()) < segments
    assert store.streams["metrics"].read(1)[0].seq == 5001


def test_the_disk_is_never_filled_beyond_the_limit_and_what_made_room_is_told():
    disk = MemoryDisk(400000)
    store = Store(disk, STREAMS, Settings(disk_share_pct=50))
    filled(store, 20000)
    store.flush()
    assert store.disk_bytes() <= 200000
    records = store.streams["metrics"].read(100000)
    assert payloads(records)[-1] == bytes([19999 & 255]) * 20
    assert ranges(records, DROPPED) or store.dropped > 0
    assert not ranges(records, GAP)


def test_it_does_what_a_list_does():
    """Random runs against a plain list, with lives that end without a flush."""
    for seed in range(12):
        random = Random(seed)
        disk = MemoryDisk()
        store = Store(disk, STREAMS)
        stream = store.streams["metrics"]
        model = []  # (seq, payload) that must be there
        for step in range(150):
            action = random.below(10)
            if action < 6:
                for _ in range(random.below(60)):
                    payload = bytes([random.below(256)]) * random.below(256)
                    model.append((store.append("metrics", payload, step * 1000), payload))
            elif action == 6:
                store.tick(step * 7 * SECOND)
            elif action == 7:
                assert store.flush()
            elif action == 8 and model:
                count = 1 + random.below(len(model))
                stream.erase(model[count - 1][0])
                model = model[count:]
            else:
                on_disk = {record.seq for record in Store(_copy(disk), STREAMS).streams["metrics"].read(100000)}
                in_ram = {seq for page in stream._pages for seq in range(page.first, page.last + 1)}
                assert {seq for seq, _ in model} - in_ram <= on_disk
                store = Store(disk, STREAMS)
                stream = store.streams["metrics"]
                model = [entry for entry in model if entry[0] in on_disk]
            found = [(record.seq, record.payload) for record in stream.read(100000) if record.kind == DATA]
            assert found == model, (seed, step)


def _copy(disk):
    copy = MemoryDisk()
    copy.files = dict(disk.files)
    return copy
