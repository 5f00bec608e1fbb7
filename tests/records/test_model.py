"""The store against a plain list, by hypothesis: appends, flushes, erasures and new lives in any order."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from records_support import MemoryDisk

from lightwave.records.page import DATA
from lightwave.records.store import Store

STREAMS = {"metrics": 2, "events": 1}


class StoreLikeAList(RuleBasedStateMachine):
    """`there`: what must be read, in order; `in_ram`: how many of the newest would not outlive a power cut."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = MemoryDisk(1 << 24)
        self.store = Store(self.disk, STREAMS)
        self.there: list[tuple[int, bytes]] = []
        self.now_us = 0

    @property
    def stream(self):
        return self.store.streams["metrics"]

    @rule(payloads=st.lists(st.binary(max_size=255), max_size=40))
    def append(self, payloads: list[bytes]) -> None:
        for payload in payloads:
            self.there.append((self.store.append("metrics", payload, self.now_us), payload))

    @rule(seconds=st.integers(0, 90))
    def tick(self, seconds: int) -> None:
        self.now_us += seconds * 1_000_000
        self.store.tick(self.now_us)

    @rule()
    def flush(self) -> None:
        assert self.store.flush()

    @precondition(lambda self: self.there)
    @rule(share=st.floats(0, 1))
    def erase(self, share: float) -> None:
        count = max(1, round(share * len(self.there)))
        self.stream.erase(self.there[count - 1][0])
        self.there = self.there[count:]

    @rule()
    def lose_power(self) -> None:
        in_ram = {seq for page in self.stream._pages for seq in range(page.first, page.last + 1)}
        self.there = [entry for entry in self.there if entry[0] not in in_ram]
        self.store = Store(self.disk, STREAMS)

    @rule()
    def stop_in_order(self) -> None:
        assert self.store.flush()
        self.store = Store(self.disk, STREAMS)

    @invariant()
    def it_reads_like_the_list(self) -> None:
        read = [(record.seq, record.payload) for record in self.stream.read(1_000_000) if record.kind == DATA]
        assert read == self.there

    @invariant()
    def nothing_went_wrong(self) -> None:
        assert (self.store.failure, self.store.errors, self.store.dropped) == ("", 0, 0)


StoreLikeAList.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestStore = StoreLikeAList.TestCase
