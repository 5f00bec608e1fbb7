"""The event stream: notes what has changed, makes events of it, each once, and gives them to every page.

A page gets the whole state first, then changes. Changes are gathered for a moment, so that a slider that somebody drags
is twenty events a second and not two hundred. Nothing here waits for a page.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lightwave_hub.live.listener import STALLED, TOO_SLOW, Frame, Listener
from lightwave_hub.live.log_ring import MAX_LINES
from lightwave_hub.log import api_log, failure

MAX_LISTENERS = 64  # pages and other subscribers; each costs memory and a share of every event
GATHER_S = 0.03
PERIOD_S = 0.5  # of figures
LOOK_S = 0.1  # while something is planned that changes by itself
BATCH = 32  # objects that are made into text at a time: other tasks shall not wait for a thousand
PERIODIC = ("nodes", "metrics", "tempo", "ota")

Body = dict[str, Any]


class Feed:
    """`bodies` makes the state of each kind; `planned` says whether what plays may change without being told.

    For the event loop's thread."""

    def __init__(self, bodies: Mapping[str, Callable[[], Body]], planned: Callable[[], bool]) -> None:
        self.given_up = 0  # pages, because they did not keep up; since the hub started
        self._bodies = bodies
        self._planned = planned
        self._listeners: list[Listener] = []
        self._known: dict[str, bytes] = {}  # the newest text of each kind
        self._stale = set(bodies)  # kinds whose text is older than what it says
        self._due: set[str] = set()  # kinds that pages wait for
        self._added: list[Frame] = []
        self._lines: deque[Body] = deque(maxlen=MAX_LINES)
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._listeners)

    def join(self, welcome: Body) -> Listener:
        """A new page, which `welcome` is for; the whole state follows it soon."""
        listener = Listener(Frame("welcome", _text("welcome", welcome)))
        if not self._listeners:
            self._stale |= set(self._bodies)  # nobody was told, so nothing was kept up
        self._listeners.append(listener)
        self._wake.set()
        return listener

    def leave(self, listener: Listener) -> None:
        self.given_up += listener.closed in (TOO_SLOW, STALLED)
        listener.close("left")
        if listener in self._listeners:
            self._listeners.remove(listener)

    def close(self) -> None:
        """The hub stops."""
        for listener in self._listeners:
            listener.close("the hub stops")

    # ---- what happens

    def changed(self, *kinds: str) -> None:
        """Pages shall see the new state of these kinds."""
        self._stale.update(kinds)
        self._due.update(kinds)
        self._wake.set()

    def add(self, kind: str, body: Body, *stale: str) -> None:
        """An event that is not a state; kinds whose state it changes, in a way that pages can follow, are `stale`."""
        self._stale.update(stale)
        if self._listeners:
            self._added.append(Frame(kind, _text(kind, body), adds=True))
            self._wake.set()

    def add_line(self, line: Body) -> None:
        """A line of the log."""
        self._stale.add("log")
        if self._listeners:
            self._lines.append(line)
            self._wake.set()

    def show_previews(self, data: bytes) -> None:
        """Previews, for the pages that watch."""
        frame = Frame("preview", data, binary=True)
        for listener in self._listeners:
            if listener.watches and listener.begun:
                listener.put(frame)

    # ---- telling

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        next_s = 0.0
        while True:
            await self._pause(next_s - loop.time())
            if loop.time() >= next_s:
                next_s = loop.time() + PERIOD_S
                self.changed(*(kind for kind in PERIODIC if kind in self._bodies))
            if self._planned():
                self.changed("playing")
            self._wake.clear()
            try:
                await self._tell()
            except Exception:  # a fault in one event must not end all
                failure(api_log, "event stream failed")
            await asyncio.sleep(GATHER_S)

    async def _pause(self, left_s: float) -> None:
        """Until there is something to tell."""
        while not self._listeners:
            self._due.clear()
            self._wake.clear()
            await self._wake.wait()
        try:
            async with asyncio.timeout(min(max(0.0, left_s), LOOK_S if self._planned() else PERIOD_S)):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _tell(self) -> None:
        due, self._due = self._due, set()
        fresh = [listener for listener in self._listeners if not listener.begun]
        frames = [frame async for frame in self._states(due, bool(fresh))]
        frames += self._added
        self._added = []
        if self._lines:
            frames.append(Frame("log", _text("log", {"lines": list(self._lines), "all": False}), adds=True))
            self._lines.clear()
        # Nothing waits from here on: who is given the whole state misses no change that follows.
        whole = [Frame(kind, self._known[kind]) for kind in self._bodies]
        for listener in list(self._listeners):
            if listener in fresh:
                _put(listener, [listener.welcome, *whole])
                listener.begun = True
            elif listener.begun:
                _put(listener, frames)

    async def _states(self, due: set[str], whole: bool) -> Any:
        """Bring texts up to date: of the kinds that are due and have changed, as frames; of all, if `whole`."""
        for kind in self._bodies:
            if kind not in self._stale or not (whole or kind in due):
                continue
            self._stale.discard(kind)
            data = await _text_in_batches(kind, self._bodies[kind]())
            if data == self._known.get(kind):
                continue
            self._known[kind] = data
            if kind in due:
                yield Frame(kind, data)


def _put(listener: Listener, frames: Iterable[Frame]) -> None:
    for frame in frames:
        listener.put(frame)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _text(kind: str, body: Body) -> bytes:
    return _json({"kind": kind, **body}).encode()


async def _text_in_batches(kind: str, body: Body) -> bytes:
    """The same, but a long list is made into text bit by bit: between two calls the tick thread gets its turn."""
    parts = [f'"kind":{_json(kind)}']
    for name, value in body.items():
        if isinstance(value, list) and len(value) > BATCH:
            texts = []
            for place, item in enumerate(value):
                texts.append(_json(item))
                if place % BATCH == BATCH - 1:
                    await asyncio.sleep(0)
            parts.append(f"{_json(name)}:[{','.join(texts)}]")
        else:
            parts.append(f"{_json(name)}:{_json(value)}")
    return f"{{{','.join(parts)}}}".encode()
