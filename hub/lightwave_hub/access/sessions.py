"""Sessions of the page: a signed statement in a cookie, so that a hub that starts anew still knows its browsers."""

import hashlib
import hmac
import time
from collections.abc import Callable

SESSION_S = 30 * 86400
_MAX_LENGTH = 128


class Sessions:
    """`key` gives what cookies are signed with."""

    def __init__(self, key: Callable[[], bytes], unix_s: Callable[[], float] = time.time) -> None:
        self._key = key
        self._unix_s = unix_s

    def begin(self, token_id: str) -> str:
        """The cookie's value for whoever showed that token."""
        statement = f"{token_id}.{int(self._unix_s()) + SESSION_S}"
        return f"{statement}.{self._signature(statement)}"

    def token_of(self, cookie: str) -> str | None:
        """The id of the token that was shown for a cookie; None when it is over, or no cookie of this hub."""
        if not cookie.isascii():
            return None
        statement, _, signature = cookie[:_MAX_LENGTH].rpartition(".")
        if not hmac.compare_digest(self._signature(statement).encode(), signature.encode()):
            return None
        token_id, _, until = statement.partition(".")
        return token_id if self._unix_s() < int(until) else None

    def _signature(self, statement: str) -> str:
        return hmac.new(self._key(), f"k1 session\n{statement}".encode(), hashlib.sha256).hexdigest()
