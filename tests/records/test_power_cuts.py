"""Power cuts at every write of a run, by a disk in memory; SIGKILL at any moment, with real files."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lightwave.records.disk import FileDisk
from lightwave.records.page import DATA
from lightwave.records.store import Store
from tests.dual.records_support import MemoryDisk
from tests.records.power_cuts import STREAMS, Promises, after_cut, run

CUTS_WANTED = 5000  # each of them a whole recovery
KILLS = 200


class CutAtEveryWrite:
    """Looks at what every possible cut of each write would leave."""

    def __init__(self, disk: MemoryDisk, promises: Promises, seed: int) -> None:
        self.cuts = 0
        self._disk = disk
        self._promises = promises
        self._random = random.Random(seed)

    def __call__(self, kind: str, name: str, data: bytes) -> None:
        for files in after_cut(self._disk, kind, name, data, self._random):
            left = MemoryDisk()
            left.files = files
            self._promises.check(left)
            self.cuts += 1


def test_no_cut_loses_a_synced_record_or_brings_back_an_erased_one() -> None:
    cuts = 0
    for seed in range(100):
        disk, promises = MemoryDisk(), Promises()
        cutter = CutAtEveryWrite(disk, promises, seed)
        disk.before_write = cutter
        run(disk, promises, seed, steps=60)
        cuts += cutter.cuts
        if cuts >= CUTS_WANTED:
            return
    pytest.fail(f"only {cuts} cuts")


def test_a_disk_that_lies_about_order_is_noticed() -> None:
    """The check itself: a store whose synced page vanishes afterwards is caught."""
    disk, promises = MemoryDisk(), Promises()
    store = Store(disk, STREAMS)
    promises.append("metrics", store.append("metrics", b"x", 1), b"x")
    assert store.flush()
    promises.flushed()
    promises.check(disk)
    disk.files = {name: data for name, data in disk.files.items() if not name.endswith(".seg")}
    with pytest.raises(AssertionError, match="a synced record is lost"):
        promises.check(disk)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "records"


def test_sigkill_at_any_moment(folder: Path) -> None:
    """A process appends, flushes and erases, telling what it was promised; it is killed 200 times."""
    told = {"kept": -1, "erasing": -1, "erased": -1}
    draws = random.Random(1)
    for _ in range(KILLS):
        for kind, number in life_of_a_victim(folder, draws.randrange(1, 40)):
            told[kind] = max(told[kind], number)
        records = Store(FileDisk(str(folder)), STREAMS).streams["metrics"].read(1_000_000)
        data = [record for record in records if record.kind == DATA]
        assert all(record.payload == b"%d" % record.seq for record in data), "a record that was never written"
        first = data[0].seq if data else told["kept"] + 1
        assert first in (told["erased"] + 1, told["erasing"] + 1), "an erased record is back, or erased by halves"
        assert set(range(first, told["kept"] + 1)) <= {record.seq for record in data}, "a synced record is lost"


def life_of_a_victim(folder: Path, lines: int) -> list[tuple[str, int]]:
    """What it told until it was killed, some time after so many lines."""
    command = [sys.executable, "-m", "tests.records.victim", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(lines)]
        os.kill(process.pid, signal.SIGKILL)
        told += process.stdout
    whole = [line.split() for line in told if line.endswith("\n")]  # a promise cut short was never made
    return [(kind, int(number)) for kind, number in whole]
