"""A run of the store whose disk loses power at every write: before, inside and after it.

What was promised when the power went must be there afterwards, nothing erased may be back, and nothing may be read that
was never written. A cut inside a write leaves any part of it: a prefix, a hole where a block was to follow a later one
that made it, or a file that has grown without its bytes.
"""

import random
from collections.abc import Iterator

from lightwave.records.page import DATA
from lightwave.records.store import Settings, Store
from tests.dual.records_support import MemoryDisk

STREAMS = {"metrics": 2, "events": 2}
BLOCK = 512
SECOND = 1_000_000


class Promises:
    """What the caller of the store knows: what it appended, what had to last, and what it erased."""

    def __init__(self) -> None:
        self.appended: dict[str, dict[int, set[bytes]]] = {name: {} for name in STREAMS}
        self.kept: dict[str, dict[int, bytes]] = {name: {} for name in STREAMS}
        self.unflushed: dict[str, dict[int, bytes]] = {name: {} for name in STREAMS}
        self.erased_to: dict[str, int] = dict.fromkeys(STREAMS, -1)
        self.erasing: tuple[str, int] | None = None

    def append(self, name: str, seq: int, payload: bytes) -> None:
        self.appended[name].setdefault(seq, set()).add(payload)
        self.unflushed[name][seq] = payload

    def flushed(self) -> None:
        for name, records in self.unflushed.items():
            self.kept[name].update({seq: data for seq, data in records.items() if seq > self.erased_to[name]})
            records.clear()

    def begin_erase(self, name: str, upto: int) -> None:
        self.erasing = (name, upto)

    def end_erase(self) -> None:
        assert self.erasing is not None
        name, upto = self.erasing
        self.erased_to[name] = upto
        self.kept[name] = {seq: data for seq, data in self.kept[name].items() if seq > upto}
        self.erasing = None

    def check(self, disk: MemoryDisk) -> None:
        """`disk` is what the power cut left."""
        store = Store(disk, STREAMS, Settings(disk_share_pct=100))
        assert not store.failure
        for name in STREAMS:
            read = [record for record in store.streams[name].read(1_000_000) if record.kind == DATA]
            seqs = [record.seq for record in read]
            assert seqs == sorted(set(seqs))
            for record in read:
                assert record.payload in self.appended[name].get(record.seq, ()), "a record that was never written"
                assert record.seq > self.erased_to[name], "an erased record is back"
            upto = self.erasing[1] if self.erasing is not None and self.erasing[0] == name else -1
            there = dict(zip(seqs, read, strict=True))
            kept = self.kept[name]
            missing = [seq for seq in kept if seq not in there]
            # An erasure under way takes all of its records or none.
            assert all(seq <= upto for seq in missing), "a synced record is lost"
            assert not missing or not any(seq in there for seq in kept if seq <= upto), "erased by halves"


def run(disk: MemoryDisk, promises: Promises, seed: int, steps: int) -> None:
    """A representative life: bursts, ages, uploads, and a new boot now and then."""
    draws = random.Random(seed)
    store = Store(disk, STREAMS)
    now_us = 0
    for step in range(steps):
        now_us += draws.randrange(20 * SECOND)
        for _ in range(draws.randrange(60)):
            name = draws.choice(list(STREAMS))
            payload = draws.randbytes(draws.randrange(120))
            promises.append(name, store.append(name, payload, now_us), payload)
        action = draws.randrange(6)
        if action < 3:
            store.tick(now_us)
            if not any(stream.used() for stream in store.streams.values()):
                promises.flushed()
        elif action == 3 and store.flush():
            promises.flushed()
        elif action == 4:
            _upload(store, promises, draws)
        elif step % 5 == 0:
            assert store.flush()
            promises.flushed()
            store = Store(disk, STREAMS)


def _upload(store: Store, promises: Promises, draws: random.Random) -> None:
    name = draws.choice(list(STREAMS))
    records = store.streams[name].read(draws.randrange(1, 200))
    if records:
        promises.begin_erase(name, records[-1].seq)
        store.streams[name].erase(records[-1].seq)
        promises.end_erase()


def after_cut(disk: MemoryDisk, kind: str, name: str, data: bytes, draws: random.Random) -> Iterator[dict[str, bytes]]:
    """What the medium may hold when the power goes before, inside or right after this write."""
    before = dict(disk.files)
    yield before
    if kind == "remove":
        yield {other: content for other, content in before.items() if other != name}
        return
    old = before.get(name, b"") if kind == "append" else b""
    for part in {0, 1, draws.randrange(len(data) + 1), len(data) - 1}:
        yield before | {name: old + data[:part]}
    blocks = [data[at : at + BLOCK] for at in range(0, len(data), BLOCK)]
    torn = [block if draws.random() < 0.5 else bytes(len(block)) for block in blocks]
    yield before | {name: old + b"".join(torn)}
    yield before | {name: old + draws.randbytes(len(data))}
    yield before | {name: old + data}
