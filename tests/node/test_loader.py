"""Which application the loader starts: records that count, records that do not, and trials."""

import sys
from pathlib import Path
from types import SimpleNamespace

import loader
import pytest


@pytest.fixture(autouse=True)
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A blank flash; the watchdogs that were started, by their time."""
    dogs: list[int] = []
    machine = SimpleNamespace(WDT=lambda timeout: dogs.append(timeout) or object(), reset=lambda: dogs.append(0))
    monkeypatch.setattr(loader, "_FOLDER", str(tmp_path / "ota"))
    monkeypatch.setattr(loader, "_CONFIG", str(tmp_path / "config.json"))
    monkeypatch.setattr(loader, "watchdog", None)
    monkeypatch.setitem(sys.modules, "machine", machine)
    monkeypatch.setattr(sys, "path", ["", "/lib"])
    return dogs


def record(**fields: object) -> loader.Record:
    made = loader.Record()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def test_without_records_the_deployed_application_runs(board: list[int]) -> None:
    loader.start()
    assert sys.path == ["", "/lib"] and board == []


def test_a_record_is_read_as_it_was_written() -> None:
    loader.write(record(slot=2, trial=1, tries=3, verdict=4, counter=1 << 31, trial_counter=9, version=b"2.8.0-ab"))
    read = loader.read()
    assert vars(read) == {
        "sequence": 1, "slot": 2, "trial": 1, "tries": 3, "verdict": 4, "counter": 1 << 31, "trial_counter": 9,
        "version": b"2.8.0-ab",
    }  # fmt: skip


def test_the_newest_whole_record_counts(tmp_path: Path) -> None:
    written = record(slot=1)
    loader.write(written)
    written.slot = 2
    loader.write(written)
    newest = tmp_path / "ota" / "0"
    good = newest.read_bytes()
    assert loader.read().slot == 2
    for at in range(len(good)):
        newest.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert loader.read().slot == 1, at
        newest.write_bytes(good[:at])
        assert loader.read().slot == 1, at


def test_a_trial_has_three_starts_and_a_watchdog(board: list[int]) -> None:
    loader.write(record(slot=1, trial=2, tries=loader.TRIES, version=b"2"))
    for _ in range(3):
        sys.path[:] = ["", "/lib"]
        loader.start()
        assert sys.path[0] == "/app/2"
    assert board == [loader.WATCHDOG_MS] * 3
    sys.path[:] = ["", "/lib"]
    loader.start()
    assert sys.path[0] == "/app/1"
    assert (loader.read().trial, loader.read().verdict) == (0, loader.TRIES_USED)


@pytest.mark.parametrize(
    ("config", "dogs"),
    [
        ('{"developer": true}', []),
        ('{"developer": false}', [loader.WATCHDOG_MS]),
        ('["developer"]', [loader.WATCHDOG_MS]),
        ("{", [loader.WATCHDOG_MS]),
    ],
)
def test_a_trial_in_developer_mode_has_no_watchdog(
    board: list[int], tmp_path: Path, config: str, dogs: list[int]
) -> None:
    (tmp_path / "config.json").write_text(config)
    loader.write(record(slot=1, trial=2, tries=loader.TRIES))
    loader.start()
    assert sys.path[0] == "/app/2" and board == dogs


def test_a_partition_on_trial_is_the_bootloaders_choice(board: list[int]) -> None:
    loader.write(record(trial=loader.PARTITIONS + 1, tries=loader.TRIES))
    loader.start()
    assert sys.path == ["", "/lib"] and board == [loader.WATCHDOG_MS]


def test_a_start_that_cannot_be_counted_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    loader.write(record(slot=1, trial=2, tries=3))

    def full(record: loader.Record) -> None:
        raise OSError(28)

    monkeypatch.setattr(loader, "write", full)
    loader.start()
    assert sys.path[0] == "/app/1"


def test_what_fails_on_trial_is_started_over_and_nothing_else(board: list[int]) -> None:
    loader.failed()
    assert board == []
    loader.write(record(trial=1, tries=1))
    loader.start()
    loader.failed()
    assert board == [loader.WATCHDOG_MS, 0]
