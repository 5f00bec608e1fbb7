"""One page: what still has to be sent to it."""

import asyncio
import itertools
from typing import NamedTuple

MAX_WAITING = 256
TOO_SLOW, STALLED = "too slow", "stalled"  # why a page was given up


class Frame(NamedTuple):
    """One message, ready to be sent. What `adds` to those before is kept in line; else only the newest counts."""

    kind: str
    data: bytes
    adds: bool = False
    binary: bool = False


class Listener:
    """Frames in their order. A newer state takes the place of one of its kind that still waits, so a slow page gets
    fewer of them; one that falls behind in what must not be left out is closed, and starts anew when it comes back."""

    def __init__(self, welcome: Frame) -> None:
        self.welcome = welcome
        self.begun = False  # it has the whole state: changes mean something to it
        self.watches = False  # it wants previews
        self.closed = ""  # why
        self._waiting: dict[object, Frame] = {}
        self._count = itertools.count()
        self._news = asyncio.Event()

    def put(self, frame: Frame) -> None:
        if self.closed:
            return
        key: object = next(self._count) if frame.adds else frame.kind
        self._waiting.pop(key, None)
        self._waiting[key] = frame
        if len(self._waiting) > MAX_WAITING:
            self.close(TOO_SLOW)
        self._news.set()

    def close(self, why: str) -> None:
        """Nothing more is sent."""
        self.closed = self.closed or why
        self._waiting.clear()
        self._news.set()

    async def next(self) -> Frame | None:
        """The frame to send next; None when it was closed."""
        while not self._waiting and not self.closed:
            self._news.clear()
            await self._news.wait()
        return None if self.closed else self._waiting.pop(next(iter(self._waiting)))
