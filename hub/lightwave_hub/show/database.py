"""The file of the show: SQLite. Everything here blocks, and belongs to the store's one thread.

The log is a WAL and every commit is synced (synchronous=FULL): what was acknowledged is there after SIGKILL and after a
power cut alike. With NORMAL the last edits before a power cut would be gone, and an edit is too rare, and too far from
any tick, for the sync to matter.

The lock is exclusive: a second hub on the same file would overwrite what the first one knows.
"""

import json
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lightwave_hub.show.document import KINDS, Change, Document, Edit, Record
from lightwave_hub.show.errors import NotSavedError, StoreError

KEPT_EDITS = 50
_APPLICATION_ID = 0x4B315368  # "K1Sh": a database of somebody else is not touched
_LOCK_TIMEOUT_S = 1.0  # a hub that is just ending
# Numbered by their place: the file says how many of them it has been through.
MIGRATIONS = (
    """
    CREATE TABLE objects (
        kind TEXT NOT NULL, key TEXT NOT NULL, place INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, key)
    ) WITHOUT ROWID;
    CREATE TABLE edits (
        number INTEGER PRIMARY KEY, what TEXT NOT NULL, made_s INTEGER NOT NULL, changes TEXT NOT NULL,
        undone INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE kept (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
    """,
)


class Damaged(Exception):
    """The file is no longer a database, or not what was once written."""


class Database:
    """One open file. `notice` says what had to be done to open it, or is empty."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError. A damaged file is kept beside a new, empty one."""
        self.path = path
        self.notice = ""
        self.document = Document()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._connection = self._open()
            except Damaged as damage:
                kept = _move_aside(path)
                self.notice = f"the show was damaged ({damage}) and is kept as {kept}; this is an empty one"
                self.document = Document()
                self._connection = self._open()
        except (OSError, sqlite3.Error, Damaged) as error:
            raise StoreError(path, _words(error)) from None

    def close(self) -> None:
        self._connection.close()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection)
            self._load(connection)
        except sqlite3.DatabaseError as error:
            connection.close()
            if isinstance(error, sqlite3.OperationalError):
                raise
            raise Damaged(str(error)) from None
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        owner = connection.execute("PRAGMA application_id").fetchone()[0]
        is_empty = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if owner != _APPLICATION_ID and not (is_empty and owner == 0):
            raise StoreError(self.path, "is a database of another program; name another file in [store] path")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        result = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if result != "ok":
            raise Damaged(result)
        connection.execute("BEGIN IMMEDIATE")  # also takes the lock for good
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            connection.execute("ROLLBACK")
            raise StoreError(self.path, f"was written by a newer hub (its version is {version}); update this one")
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            for statement in script.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={number}")
        connection.execute(f"PRAGMA application_id={_APPLICATION_ID}")
        connection.execute("COMMIT")

    def _load(self, connection: sqlite3.Connection) -> None:
        rows = connection.execute("SELECT kind, key, place, body FROM objects ORDER BY kind, place")
        changes = []
        try:
            for kind, key, place, body in rows:
                item = KINDS[kind].model.model_validate(json.loads(body))
                changes.append(Change(kind, key, None, Record(place, item)))
        except (KeyError, ValueError, ValidationError) as error:
            raise Damaged(f"an object in it is wrong: {type(error).__name__}") from None
        self.document.apply(Edit("", tuple(changes)))

    # ---- edits

    def save(self, edit: Edit) -> None:
        """Make an edit and remember how to undo it; what was undone before cannot be redone any more."""
        with _Transaction(self._connection):
            self._write(edit.changes)
            self._connection.execute("DELETE FROM edits WHERE undone")
            self._connection.execute(
                "INSERT INTO edits (what, made_s, changes) VALUES (?, ?, ?)",
                (edit.what, int(time.time()), _to_json(edit.changes)),
            )
            self._connection.execute(
                "DELETE FROM edits WHERE number <= (SELECT max(number) FROM edits) - ?", (KEPT_EDITS,)
            )

    def step(self, *, back: bool) -> Edit | None:
        """Undo the newest edit, or make the oldest undone one again; what changed, None if there is none."""
        which = "undone = 0 ORDER BY number DESC" if back else "undone = 1 ORDER BY number"
        found = self._connection.execute(f"SELECT number, what, changes FROM edits WHERE {which} LIMIT 1").fetchone()
        if found is None:
            return None
        number, what, changes = found
        edit = Edit(what, _from_json(changes))
        if back:
            edit = edit.inverse()
        with _Transaction(self._connection):
            self._write(edit.changes)
            self._connection.execute("UPDATE edits SET undone = ? WHERE number = ?", (int(back), number))
        return edit

    def depth(self) -> tuple[int, int]:
        """How many edits can be undone, and how many redone."""
        made, undone = self._connection.execute("SELECT count(*), coalesce(sum(undone), 0) FROM edits").fetchone()
        return made - undone, undone

    def _write(self, changes: Iterable[Change]) -> None:
        for kind, key, _, after in changes:
            if after is None:
                self._connection.execute("DELETE FROM objects WHERE kind = ? AND key = ?", (kind, key))
            else:
                row = (kind, key, after.place, json.dumps(after.item.model_dump(mode="json")))
                self._connection.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", row)

    # ---- what is not the show but has to survive with it

    def keep(self, name: str, body: Any) -> None:
        with _Transaction(self._connection):
            self._connection.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, json.dumps(body)))

    def kept(self) -> dict[str, Any]:
        """All that `keep` was given."""
        return {name: json.loads(body) for name, body in self._connection.execute("SELECT name, body FROM kept")}


class _Transaction:
    """All or nothing. Raises NotSavedError if the disk does not take it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._run("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if error is None:
            self._run("COMMIT")
            return
        self._roll_back()
        if isinstance(error, sqlite3.Error):
            raise NotSavedError(_words(error)) from None

    def _run(self, statement: str) -> None:
        try:
            self._connection.execute(statement)
        except sqlite3.Error as error:
            self._roll_back()
            raise NotSavedError(_words(error)) from None

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # SQLite itself rolls back when the disk is full
            self._connection.execute("ROLLBACK")


def _to_json(changes: Iterable[Change]) -> str:
    def packed(record: Record | None) -> Any:
        return None if record is None else [record.place, record.item.model_dump(mode="json")]

    return json.dumps([[kind, key, packed(before), packed(after)] for kind, key, before, after in changes])


def _from_json(text: str) -> tuple[Change, ...]:
    def unpacked(kind: str, packed: Any) -> Record | None:
        return None if packed is None else Record(packed[0], KINDS[kind].model.model_validate(packed[1]))

    return tuple(
        Change(kind, key, unpacked(kind, before), unpacked(kind, after))
        for kind, key, before, after in json.loads(text)
    )


def _move_aside(path: Path) -> Path:
    """Give the damaged file and its log another name; which."""
    kept = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(kept.with_name(kept.name + suffix))
    return kept


def _words(error: Exception) -> str:
    text = str(error)
    if "locked" in text:
        return "another hub has it open; give this one a file of its own with --store"
    if "full" in text:
        return "the disk is full"
    return text
