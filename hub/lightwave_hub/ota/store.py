"""What the hub keeps of updates: images by the hash of their content; in SQLite releases, rollouts and the audit log.

The log can only grow: triggers refuse to change or delete a line. Every write is on the disk when it returns, so a hub
that is killed finds itself where it was.
"""

import json
import os
import sqlite3
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from lightwave_hub.ota.images import Image

_SCHEMA = """
CREATE TABLE IF NOT EXISTS releases (
    number INTEGER PRIMARY KEY, version TEXT NOT NULL, board TEXT NOT NULL, kind TEXT NOT NULL, size INTEGER NOT NULL,
    sha256 TEXT NOT NULL, counter INTEGER NOT NULL, expires INTEGER NOT NULL, statement TEXT NOT NULL,
    signature TEXT NOT NULL, added_s INTEGER NOT NULL, UNIQUE (version, board));
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS rollouts (number INTEGER PRIMARY KEY, state TEXT NOT NULL, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS audit (
    number INTEGER PRIMARY KEY, unix_s REAL NOT NULL, rollout INTEGER, mac TEXT, what TEXT NOT NULL,
    detail TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS audit_is_final BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;
CREATE TRIGGER IF NOT EXISTS audit_stays BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;
"""


class Line(NamedTuple):
    """Of the audit log."""

    unix_s: float
    what: str
    detail: str = ""
    mac: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """A signed image. `statement` and `signature` are hexadecimal."""

    version: str
    board: str
    kind: str
    size: int
    sha256: str
    counter: int
    expires: int
    statement: str
    signature: str
    added_s: int

    @property
    def url(self) -> str:
        """Below the hub's address."""
        return f"/ota/k1/{'s3' if self.board == 'K1_S3' else self.board.lower()}/{self.version}.bin"


class UpdateStore:
    """A folder. Used by the event loop's thread alone, but for `put_image`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        images = folder / "images"
        images.mkdir(parents=True, exist_ok=True)
        for partial in images.glob("tmp*"):  # a hub was killed while it wrote one
            partial.unlink()
        self._db = sqlite3.connect(folder / "ota.sqlite3")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    def image_path(self, sha256: str) -> Path:
        return self.folder / "images" / sha256

    def put_image(self, image: Image, data: bytes) -> None:
        """Keep an image that was read, also over one of its name that the disk has spoilt. Raises OSError."""
        path = self.image_path(image.sha256)
        descriptor, partial = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(partial).replace(path)
        except OSError:  # a full disk: what there is of it would only fill it
            Path(partial).unlink(missing_ok=True)
            raise

    # ---- releases

    def next_counter(self, unix_s: int) -> int:
        """A number above all that statements have had; seconds since 1970 where these are higher, so that a hub which
        lost its database is not behind what its nodes have seen."""
        with self._db:
            row = self._db.execute(
                "INSERT INTO counters VALUES ('release', :least)"
                " ON CONFLICT (name) DO UPDATE SET value = MAX(value + 1, :least) RETURNING value",
                {"least": max(1, unix_s)},
            ).fetchone()
        return int(row[0])

    def put_release(self, release: Release) -> None:
        """A new one, or a newer statement instead of the one there was of this version and board."""
        fields = asdict(release)
        names, marks = ", ".join(fields), ", ".join("?" * len(fields))
        with self._db:
            self._db.execute("DELETE FROM releases WHERE version = ? AND board = ?", (release.version, release.board))
            self._db.execute(f"INSERT INTO releases ({names}) VALUES ({marks})", tuple(fields.values()))

    def remove_release(self, release: Release) -> None:
        """And its image, unless another release has the same."""
        with self._db:
            self._db.execute("DELETE FROM releases WHERE version = ? AND board = ?", (release.version, release.board))
        if all(each.sha256 != release.sha256 for each in self.releases()):
            self.image_path(release.sha256).unlink(missing_ok=True)

    def release(self, version: str, board: str) -> Release | None:
        return next((each for each in self.releases() if (each.version, each.board) == (version, board)), None)

    def releases(self) -> list[Release]:
        """The newest statement first."""
        names = ", ".join(Release.__slots__)
        rows = self._db.execute(f"SELECT {names} FROM releases ORDER BY counter DESC")
        return [Release(*row) for row in rows]

    # ---- rollouts

    def put_rollout(self, number: int | None, state: str, document: dict[str, Any], lines: Iterable[Line] = ()) -> int:
        """Keep a rollout as it is now, with lines for the log, all or nothing; its number."""
        with self._db:
            row = self._db.execute(
                "INSERT INTO rollouts VALUES (?, ?, ?)"
                " ON CONFLICT (number) DO UPDATE SET state = excluded.state, document = excluded.document"
                " RETURNING number",
                (number, state, json.dumps(document)),
            ).fetchone()
            number = int(row[0])
            for line in lines:
                self._log(line, number)
        return number

    def rollout(self, number: int) -> tuple[int, dict[str, Any]] | None:
        return self._rollout("WHERE number = ?", number)

    def newest_rollout(self) -> tuple[int, dict[str, Any]] | None:
        return self._rollout("ORDER BY number DESC LIMIT 1")

    def rollouts(self, limit: int) -> list[tuple[int, dict[str, Any]]]:
        """The newest first."""
        rows = self._db.execute("SELECT number, document FROM rollouts ORDER BY number DESC LIMIT ?", (limit,))
        return [(int(number), json.loads(document)) for number, document in rows]

    def _rollout(self, which: str, *values: int) -> tuple[int, dict[str, Any]] | None:
        row = self._db.execute(f"SELECT number, document FROM rollouts {which}", values).fetchone()
        return None if row is None else (int(row[0]), json.loads(row[1]))

    def last_done(self) -> str:
        """The version of the newest rollout that came to its end."""
        row = self._db.execute(
            "SELECT document FROM rollouts WHERE state = 'done' ORDER BY number DESC LIMIT 1"
        ).fetchone()
        return "" if row is None else str(json.loads(row[0])["version"])

    # ---- audit

    def note(self, line: Line) -> None:
        """One more line of the log, of no rollout."""
        with self._db:
            self._log(line, None)

    def _log(self, line: Line, rollout: int | None) -> None:
        self._db.execute(
            "INSERT INTO audit (unix_s, rollout, mac, what, detail) VALUES (?, ?, ?, ?, ?)",
            (line.unix_s, rollout, line.mac, line.what, line.detail),
        )

    def audit(self, limit: int = 200) -> list[dict[str, Any]]:
        """The newest lines, the oldest of them first."""
        rows = self._db.execute(
            "SELECT number, unix_s, rollout, mac, what, detail FROM audit ORDER BY number DESC LIMIT ?", (limit,)
        ).fetchall()
        names = ("number", "unix_s", "rollout", "mac", "what", "detail")
        return [dict(zip(names, row, strict=True)) for row in reversed(rows)]
