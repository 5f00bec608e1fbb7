"""Datagrams through the air, released on time: one thread reads, one sends.

asyncio's timers round up to a millisecond, which would be half of what the air of a good channel does.
"""

import heapq
import itertools
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

MAX_DATAGRAM = 2048
MAX_WAITING = 20_000  # datagrams in the air; more means that nothing is sent any more
LATENESS_KEPT = 100_000


class Fates(Protocol):
    """lightwave_sim.air.Air or lightwave_sim.trace.TraceAir."""

    def fates(self, now_s: float) -> list[float]: ...


Address = tuple[str, int]
Send = Callable[[bytes, Address], object]
Note = Callable[[float, list[float]], None]  # when a datagram came, and when its copies will arrive


@dataclass(order=True)
class _Waiting:
    due_s: float
    number: int
    data: bytes = field(compare=False)
    sender: Address = field(compare=False)
    send: Send = field(compare=False)


class UdpRelay:
    """`forward` before `start`; `stop` returns when both threads have ended. Sockets are the caller's."""

    def __init__(self) -> None:
        self.lateness_s: deque[float] = deque(maxlen=LATENESS_KEPT)  # of sendings, behind the moment they were due
        self._selector = selectors.DefaultSelector()
        self._waiting: list[_Waiting] = []
        self._numbers = itertools.count()
        self._news = threading.Condition()
        self._running = True
        self._end, self._end_read = socket.socketpair()
        self._selector.register(self._end_read, selectors.EVENT_READ, None)
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._read, self._send)]

    def forward(self, source: socket.socket, air: Fates, send: Send, note: Note | None = None) -> None:
        """Datagrams that arrive at `source` go through `air` to `send(data, where they came from)`."""
        source.setblocking(False)
        self._selector.register(source, selectors.EVENT_READ, (air, send, note))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._running = False
        self._end.send(b"x")
        with self._news:
            self._news.notify()
        for thread in self._threads:
            thread.join()
        self._selector.close()
        self._end.close()
        self._end_read.close()

    def _read(self) -> None:
        while self._running:
            for key, _ in self._selector.select():
                if key.data is not None and isinstance(key.fileobj, socket.socket):
                    self._take(key.fileobj, *key.data)

    def _take(self, source: socket.socket, air: Fates, send: Send, note: Note | None) -> None:
        while True:
            try:
                data, sender = source.recvfrom(MAX_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:  # an earlier datagram found nobody: on a real network nobody hears of that
                continue
            now_s = time.monotonic()
            arrivals_s = air.fates(now_s)
            if note is not None:
                note(now_s, arrivals_s)
            with self._news:
                for due_s in arrivals_s[: max(0, MAX_WAITING - len(self._waiting))]:
                    entry = _Waiting(due_s, next(self._numbers), data, sender, send)
                    heapq.heappush(self._waiting, entry)
                self._news.notify()

    def _send(self) -> None:
        while self._running:
            with self._news:
                left_s = self._waiting[0].due_s - time.monotonic() if self._waiting else None
                if left_s is None or left_s > 0:
                    self._news.wait(left_s)
                    continue
                entry = heapq.heappop(self._waiting)
            try:
                entry.send(entry.data, entry.sender)
            except OSError:
                pass  # nobody there, or no room: lost
            self.lateness_s.append(time.monotonic() - entry.due_s)
