"""The newest lines of the log, for pages: structured, bounded, and without what nobody shall read there."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from lightwave_hub.log import fields_of

MAX_LINES = 500
MAX_TEXT = 500  # characters; peers choose some of them
_SECRET = ("token", "key", "password", "secret", "nonce", "proof")


class LogRing(logging.Handler):
    """Keeps lines from any thread; `on_line` is called on the event loop's."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[dict[str, Any]] = deque(maxlen=MAX_LINES)
        self.on_line: Callable[[dict[str, Any]], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        logging.getLogger("k1").addHandler(self)

    def close(self) -> None:
        logging.getLogger("k1").removeHandler(self)
        self._loop = None
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        line = described(record)
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._keep, line)

    def _keep(self, line: dict[str, Any]) -> None:
        self.lines.append(line)
        if self.on_line is not None:
            self.on_line(line)


def described(record: logging.LogRecord) -> dict[str, Any]:
    """A line for pages: of an exception its kind and text, not where in our files it came from."""
    fields = {name: _shown(name, value) for name, value in fields_of(record).items()}
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        fields["error"] = f"{type(error).__name__}: {error}"[:MAX_TEXT]
    return {
        "time": round(record.created, 3),
        "level": record.levelname,
        "area": record.name.removeprefix("k1."),
        "text": record.getMessage()[:MAX_TEXT],
        "fields": fields,
    }


def _shown(name: str, value: object) -> str:
    return "***" if any(word in name.lower() for word in _SECRET) else str(value)[:MAX_TEXT]
