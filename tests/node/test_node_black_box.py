"""The black box: what it notes, and how it hands it over."""

import pytest
from cpython_hardware import SystemClock

from lightwave import black_box, ticks
from lightwave.records.disk import FileDisk
from lightwave.records.store import Store
from lightwave_node.black_box import BlackBox


class Clock(SystemClock):
    def __init__(self):
        super().__init__()
        self.ahead_us = 0

    def now(self):
        return ticks.add(super().now(), self.ahead_us)


class Config:
    records_enabled = True
    records_limit_mb = 1
    records_max_age_s = 600

    def __init__(self, path):
        self.records_path = str(path)


class Box:
    """A black box whose seconds pass at will, and what it sent."""

    def __init__(self, path):
        self.clock = Clock()
        self.up_s = 0
        self.sent = []
        self.box = BlackBox(Config(path), self.clock, lambda: {"fps_a": 120}, lambda: {"bpm": 100}, lambda: self.up_s)
        self.box.begin_session()

    def seconds(self, count):
        for _ in range(count):
            self.up_s += 1
            self.box.note()

    def step(self, after_s=0):
        self.clock.ahead_us += round(after_s * 1_000_000)
        self.box.step(lambda t, **fields: self.sent.append((t, fields)))

    def acknowledge(self, seq=None):
        _, fields = self.sent[-1]
        last = black_box.unpack_batch(fields["batch"])[-1]
        self.box.acknowledge(fields["stream"], last.boot, last.seq if seq is None else seq)

    def left(self, stream="metrics"):
        return self.box.store.streams[stream].read(1000)


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path / "records")


def test_a_line_is_noted_each_second(box):
    box.seconds(3)
    box.box.note()  # the same second
    assert [black_box.unpack_line("metrics", record.payload)["fps_a"] for record in box.left()] == [120] * 3
    assert [record.time_us for record in box.left("audio")] == [1_000_000, 2_000_000, 3_000_000]


def test_what_the_hub_has_is_erased(box):
    box.seconds(5)
    box.step()
    t, fields = box.sent[0]
    assert (t, fields["stream"], fields["up_us"]) == ("records", "metrics", 5_000_000)
    assert black_box.unpack_batch(fields["batch"]) == box.left()
    box.step(1)
    assert len(box.sent) == 1  # one batch at a time
    box.acknowledge()
    assert box.left() == []


def test_an_acknowledgement_of_something_else_erases_nothing(box):
    box.seconds(5)
    box.step()
    box.acknowledge(seq=2)
    assert len(box.left()) == 5
    box.box.acknowledge("audio", 1, 4)
    assert len(box.left("audio")) == 5


def test_a_batch_without_an_answer_is_offered_again(box):
    box.seconds(5)
    box.step()
    box.step(10)
    assert [fields["stream"] for _, fields in box.sent] == ["metrics", "audio"]
    box.step(10)
    assert box.sent[2][1]["batch"] == box.sent[0][1]["batch"]


def test_a_backlog_goes_out_faster_than_it_grows(box):
    box.seconds(200)
    while box.left() or box.left("audio"):
        box.step(0.25)
        box.acknowledge()
    assert box.clock.ahead_us < 10_000_000


def test_events_of_a_life_that_ended_are_told_in_the_next(tmp_path):
    first = Box(tmp_path)
    first.box.event("[BOOT] failed: it fell")
    first.box.close()
    second = Box(tmp_path)
    second.box.event("[BOOT] again")
    told = []
    for _ in range(4):
        second.step(0.3)
        if second.sent and second.box._offered:
            told += [(record.boot, record.payload) for record in black_box.unpack_batch(second.sent[-1][1]["batch"])]
            second.acknowledge()
    assert told == [(1, b"[BOOT] failed: it fell"), (2, b"[BOOT] again")]


def test_a_folder_that_cannot_be_made_leaves_ram(tmp_path):
    (tmp_path / "file").write_text("")
    box = Box(tmp_path / "file" / "records")
    box.seconds(3)
    assert len(box.left()) == 3 and box.box.store.failure.startswith("disk: ")
    assert box.box.figures()["rec_disk_kb"] == 0


def test_what_is_noted_without_a_hub_survives(tmp_path):
    box = Box(tmp_path)
    box.seconds(700)
    streams = Store(FileDisk(str(tmp_path)), {"metrics": 2}).streams
    assert len(streams["metrics"].read(1000)) >= 600
