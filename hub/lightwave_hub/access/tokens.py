"""Tokens: what whoever asks the hub for something shows. The file holds their hashes, never a token itself.

A token is 192 random bits, so a plain SHA-256 of it is as good as a slow hash would be: there is nothing to guess.
"""

import hashlib
import hmac
import json
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from lightwave.fields import Choice, FieldError, Hex, Int, List, Text
from lightwave_hub.access.errors import AccessFileError, TokenError
from lightwave_hub.access.files import read_private, write_private
from lightwave_hub.rules import Closed

# Who may: anybody, who may look, who may play the show, who may change it.
Role = Literal["open", "view", "play", "admin"]
ROLES = ("view", "play", "admin")  # each may what those before it may
MAX_TOKENS = 32
MAX_NAME = 48
TOKEN_PREFIX = "k1_"
FILE_NAME = "access.json"
NAME = Text(1, MAX_NAME)
ROLE = Choice(ROLES)
_TOKEN_BYTES = 24
_ID_BYTES = 4
_KEY_BYTES = 32
_MAX_UNIX_S = 1 << 40
_VERSION = 1
_TOKEN = Closed(
    ("id", Hex(2 * _ID_BYTES)), ("name", NAME), ("role", ROLE), ("sha256", Hex(64)), ("made_s", Int(0, _MAX_UNIX_S))
)
_DOCUMENT = Closed(
    ("version", Int(_VERSION, _VERSION)),
    ("session_key", Hex(2 * _KEY_BYTES)),
    ("tokens", List(0, MAX_TOKENS, _TOKEN)),
)


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; `sha256` is of the token itself, in hexadecimal digits."""

    id: str
    name: str
    role: str
    sha256: str
    made_s: int

    def told(self) -> dict[str, Any]:
        """What may be shown of it."""
        return {"id": self.id, "name": self.name, "role": self.role, "made_s": self.made_s}


def new_secret() -> str:
    return TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)


def hash_of(secret: str) -> str:
    # Headers may hold any bytes; aiohttp gives those that are no UTF-8 as halves of surrogate pairs.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class Tokens:
    """The tokens of a store folder. What another process changes in the file counts from the next question on."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._seen: tuple[int, ...] = ()  # of the file as it was read last
        self._tokens: list[Token] = []
        self._session_key = secrets.token_bytes(_KEY_BYTES)

    @property
    def session_key(self) -> bytes:
        """What sessions are signed with."""
        self._refresh()
        return self._session_key

    def all(self) -> list[Token]:
        """In the order they were made. Raises AccessFileError."""
        self._refresh()
        return list(self._tokens)

    def get(self, token_id: str) -> Token | None:
        return next((each for each in self.all() if each.id == token_id), None)

    def find(self, secret: str) -> Token | None:
        """The token that `secret` is. Every one is compared, and in full: how long it takes tells nothing."""
        digest, found = hash_of(secret), None
        for each in self.all():
            if hmac.compare_digest(each.sha256, digest):
                found = each
        return found

    def add(self, name: str, role: str) -> tuple[Token, str]:
        """Make a token; it and its secret, which is nowhere else. Raises TokenError and AccessFileError."""
        _check(NAME, name, "name")
        _check(ROLE, role, "role")
        self._refresh()
        if len(self._tokens) >= MAX_TOKENS:
            raise TokenError("name", f"there are {MAX_TOKENS} tokens already, the most there can be; revoke one", 409)
        secret = new_secret()
        token = Token(secrets.token_hex(_ID_BYTES), name, role, hash_of(secret), int(time.time()))
        self._keep([*self._tokens, token])
        return token, secret

    def revoke(self, token_id: str) -> None:
        """Raises TokenError and AccessFileError."""
        left = [each for each in self.all() if each.id != token_id]
        if len(left) == len(self._tokens):
            raise TokenError("id", "there is no such token", 404)
        if not any(each.role == "admin" for each in left):
            raise TokenError("id", "it is the last one with the role admin; make another first", 409)
        self._keep(left)

    def _refresh(self) -> None:
        try:
            about = self._path.stat()
        except FileNotFoundError:
            return  # nobody has been given a token yet; or the file was taken away, and what was known still counts
        except OSError as error:
            raise AccessFileError(self._path, f"cannot be read: {error.strerror}") from None
        seen = (about.st_mtime_ns, about.st_size, about.st_ino)
        if seen != self._seen:
            self._load()
            self._seen = seen

    def _load(self) -> None:
        try:
            document = _DOCUMENT.check(json.loads(read_private(self._path)), "")
        except (FieldError, ValueError, RecursionError) as error:
            detail = f"{error.field}: {error.detail}" if isinstance(error, FieldError) else "is not JSON"
            raise AccessFileError(self._path, detail) from None
        self._tokens = [Token(**each) for each in document["tokens"]]
        self._session_key = bytes.fromhex(document["session_key"])

    def _keep(self, tokens: list[Token]) -> None:
        document = {
            "version": _VERSION,
            "session_key": self._session_key.hex(),
            "tokens": [asdict(each) for each in tokens],
        }
        write_private(self._path, json.dumps(document, indent=1) + "\n")
        self._tokens = tokens


def _check(rule: Any, value: object, field: str) -> None:
    try:
        rule.check(value, field)
    except FieldError as error:
        raise TokenError(error.field, error.detail) from None
