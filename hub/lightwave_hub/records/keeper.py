"""Keeps uploaded records in SQLite: each exactly once, what is missing visible, old ones thinned out.

One thread has the database; the event loop waits for it without standing still. A batch is acknowledged when it is
committed, so a node erases nothing that is not here for good.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lightwave import black_box
from lightwave.records.page import DATA, Record
from lightwave_hub.errors import HubError
from lightwave_hub.log import control_log, event

SCHEMA_VERSION = 1
MAX_ROWS = 100_000  # of one answer
_CACHE_KB = 512  # what is written is seldom read again; SQLite's own 2 MB would be an hour of growth
_SCHEMA = """
CREATE TABLE record (
    mac TEXT NOT NULL, stream TEXT NOT NULL, boot INTEGER NOT NULL, seq INTEGER NOT NULL,
    kind INTEGER NOT NULL, up_us INTEGER NOT NULL, at REAL NOT NULL, known INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (mac, stream, boot, seq)
) WITHOUT ROWID;
CREATE INDEX record_by_time ON record (mac, stream, at);
CREATE TABLE minute (
    mac TEXT NOT NULL, minute INTEGER NOT NULL, field TEXT NOT NULL,
    least REAL NOT NULL, mean REAL NOT NULL, most REAL NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (mac, minute, field)
) WITHOUT ROWID;
"""
_Result = TypeVar("_Result")


class KeeperError(HubError):
    """The database cannot be used; the text says why and what to do."""


@dataclass(frozen=True)
class Retention:
    """How long what is kept; metrics become minutes before they go."""

    raw_days: int = 7
    minutes_days: int = 365
    events_days: int = 365


@dataclass(slots=True)
class KeeperStats:
    batches: int = 0
    records: int = 0
    repeated: int = 0  # came again: their acknowledgement was lost
    failures: int = 0


class Keeper:
    """`open` first; then from the event loop. `close` ends the thread."""

    def __init__(self, path: Path, retention: Retention, now: Callable[[], float] = time.time) -> None:
        self.stats = KeeperStats()
        self._path = path
        self._retention = retention
        self._now = now
        self._thread = ThreadPoolExecutor(1, "k1-records")
        self._base: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Raises KeeperError."""
        await self._run(self._open)

    async def close(self) -> None:
        await self._run(self._close)
        self._thread.shutdown()

    async def take(self, mac: str, stream: str, boot: int, up_us: int, records: Sequence[Record]) -> bool:
        """Keep a batch, told by a node that has been up for `up_us` in its `boot`; True when it is here for good."""
        now = self._now()
        rows = [
            (mac, stream, it.boot, it.seq, it.kind, it.time_us, *_when(it, now, boot, up_us), it.payload)
            for it in records
        ]
        try:
            added = await self._run(self._insert, rows)
        except sqlite3.Error as error:
            self.stats.failures += 1
            event(control_log, logging.ERROR, "records not kept", mac=mac, why=error)
            return False
        self.stats.batches += 1
        self.stats.records += added
        self.stats.repeated += len(rows) - added
        return True

    async def read(self, mac: str, stream: str, since: float, until: float, limit: int) -> list[dict[str, Any]]:
        """Records by their time, the oldest first, as documents; metrics that were thinned out are not among them."""
        return await self._run(self._read, mac, stream, since, until, min(limit, MAX_ROWS))

    async def minutes(self, mac: str, since: float, until: float) -> list[dict[str, Any]]:
        """Metrics by the minute: least, mean and most of each field; raw ones and thinned ones alike."""
        return await self._run(self._minutes, mac, since, until)

    async def summary(self) -> list[dict[str, Any]]:
        """What there is, by node and stream."""
        return await self._run(self._summary)

    async def thin_out(self) -> int:
        """Turn metrics beyond their time into minutes and remove what is too old; how many records went."""
        return await self._run(self._thin_out)

    async def _run(self, work: Callable[..., _Result], *arguments: object) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    # ---- in the thread ---------------------------------------------------------------------------------------

    def _open(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            base = sqlite3.connect(self._path, isolation_level=None)
            base.execute("PRAGMA journal_mode=WAL")
            base.execute(f"PRAGMA cache_size=-{_CACHE_KB}")
            base.execute("PRAGMA synchronous=FULL")  # an acknowledged record is erased elsewhere: it must last
            (version,) = base.execute("PRAGMA user_version").fetchone()
            if version == 0:
                base.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
            elif version != SCHEMA_VERSION:
                raise KeeperError(f"{self._path} was written by another version of the hub ({version})")
        except (OSError, sqlite3.Error) as error:
            detail = f"{self._path} cannot be used for records: {error}; move it away, or name another folder"
            raise KeeperError(detail) from None
        self._base = base

    def _close(self) -> None:
        if self._base is not None:
            self._base.close()
            self._base = None

    @property
    def _db(self) -> sqlite3.Connection:
        assert self._base is not None, "open() comes first"
        return self._base

    def _insert(self, rows: list[tuple[object, ...]]) -> int:
        before = self._db.total_changes
        with _transaction(self._db):
            self._db.executemany("INSERT OR IGNORE INTO record VALUES (?,?,?,?,?,?,?,?,?)", rows)
        return self._db.total_changes - before

    def _read(self, mac: str, stream: str, since: float, until: float, limit: int) -> list[dict[str, Any]]:
        rows = self._db.execute(
            "SELECT boot, seq, kind, up_us, at, known, payload FROM record"
            " WHERE mac=? AND stream=? AND at>=? AND at<? ORDER BY at, boot, seq LIMIT ?",
            (mac, stream, since, until, limit),
        )
        return [_document(stream, *row) for row in rows]

    def _minutes(self, mac: str, since: float, until: float) -> list[dict[str, Any]]:
        found: dict[tuple[int, str], tuple[float, float, float, int]] = {}
        thinned = self._db.execute(
            "SELECT minute, field, least, mean, most, count FROM minute WHERE mac=? AND minute>=? AND minute<?",
            (mac, int(since // 60), int(until // 60) + 1),
        )
        for minute, name, *figures in thinned:
            found[minute, name] = tuple(figures)
        raw = self._db.execute(
            "SELECT at, payload FROM record WHERE mac=? AND stream=? AND kind=? AND at>=? AND at<?",
            (mac, black_box.METRICS, DATA, since, until),
        )
        _gather(found, raw)
        return [
            {"at": minute * 60, "field": name, "least": least, "mean": mean, "most": most, "count": count}
            for (minute, name), (least, mean, most, count) in sorted(found.items())
        ]

    def _summary(self) -> list[dict[str, Any]]:
        rows = self._db.execute(
            "SELECT mac, stream, SUM(kind=0), SUM(kind!=0), COUNT(DISTINCT boot), MIN(at), MAX(at) FROM record"
            " GROUP BY mac, stream ORDER BY mac, stream"
        )
        names = ("mac", "stream", "records", "gaps", "boots", "from", "to")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _thin_out(self) -> int:
        now, kept = self._now(), self._retention
        before = self._db.total_changes
        with _transaction(self._db):
            for mac, first in self._db.execute(
                "SELECT mac, MIN(at) FROM record WHERE stream=? GROUP BY mac", (black_box.METRICS,)
            ).fetchall():
                self._make_minutes(mac, first, (now - kept.raw_days * 86400) // 60 * 60)
            changed = self._db.total_changes
            self._db.execute("DELETE FROM minute WHERE minute < ?", ((now - kept.minutes_days * 86400) // 60,))
            self._db.execute(
                "DELETE FROM record WHERE stream IN (?, ?) AND at < ?",
                (black_box.METRICS, black_box.AUDIO, (now - kept.raw_days * 86400) // 60 * 60),
            )
            self._db.execute(
                "DELETE FROM record WHERE stream=? AND at < ?", (black_box.EVENTS, now - kept.events_days * 86400)
            )
        return self._db.total_changes - max(before, changed)

    def _make_minutes(self, mac: str, since: float, until: float) -> None:
        found: dict[tuple[int, str], tuple[float, float, float, int]] = {}
        raw = self._db.execute(
            "SELECT at, payload FROM record WHERE mac=? AND stream=? AND kind=? AND at>=? AND at<?",
            (mac, black_box.METRICS, DATA, since, until),
        )
        _gather(found, raw)
        self._db.executemany(
            "INSERT OR REPLACE INTO minute VALUES (?,?,?,?,?,?,?)",
            [(mac, minute, name, *figures) for (minute, name), figures in found.items()],
        )


class _transaction:
    """All or nothing."""

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base

    def __enter__(self) -> None:
        self._base.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._base.execute("COMMIT" if kind is None else "ROLLBACK")


def _when(record: Record, now: float, boot: int, up_us: int) -> tuple[float, int]:
    """Unix time of a record, and whether that is known: of an earlier boot nobody can say more than "before now"."""
    if record.boot == boot and record.time_us <= up_us:
        return now - (up_us - record.time_us) / 1e6, 1
    return now, 0


def _gather(found: dict[tuple[int, str], tuple[float, float, float, int]], rows: Any) -> None:
    for at, payload in rows:
        for name, value in black_box.unpack_line(black_box.METRICS, payload).items():
            key = (int(at // 60), name)
            least, mean, most, count = found.get(key, (value, 0.0, value, 0))
            mean += (value - mean) / (count + 1)
            found[key] = (min(least, value), mean, max(most, value), count + 1)


def _document(
    stream: str, boot: int, seq: int, kind: int, up_us: int, at: float, known: int, payload: bytes
) -> dict[str, Any]:
    document: dict[str, Any] = {"boot": boot, "seq": seq, "at": at, "at_known": bool(known), "up_s": up_us / 1e6}
    if kind != DATA:
        first, last = int.from_bytes(payload[:4], "little"), int.from_bytes(payload[4:8], "little")
        return document | {"missing": {"first": first, "last": last, "why": "damaged" if kind == 1 else "dropped"}}
    if stream == black_box.EVENTS:
        return document | {"text": payload.decode("utf-8", "replace")}
    return document | black_box.unpack_line(stream, payload)
