"""What happened, told to whoever listens: publish and subscribe within the hub.

Publishing never waits. A subscriber that does not keep up is closed, not served with gaps: it has to start anew with
the whole state, as one that has just come.
"""

import asyncio
from typing import Any, NamedTuple

MAX_WAITING = 256


class Event(NamedTuple):
    kind: str  # "show", "playing", "tempo", "nodes", "ota" or "log"
    body: dict[str, Any]


class Subscription:
    """Events in their order. `async for` ends when the subscription is closed, after what still waits."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        # One place more than events: the end has to fit too.
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(MAX_WAITING + 1)
        self.closed = False
        self.overflowed = False

    def put(self, event: Event) -> None:
        if self._queue.qsize() >= MAX_WAITING:
            self.overflowed = True
            self.close()
        else:
            self._queue.put_nowait(event)

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._hub.forget(self)
            self._queue.put_nowait(None)

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> Event:
        event = await self._queue.get()
        if event is None:
            raise StopAsyncIteration
        return event


class Hub:
    """For the event loop's thread."""

    def __init__(self) -> None:
        self._subscribers: list[Subscription] = []

    def __len__(self) -> int:
        return len(self._subscribers)

    def subscribe(self) -> Subscription:
        subscription = Subscription(self)
        self._subscribers.append(subscription)
        return subscription

    def publish(self, kind: str, body: dict[str, Any]) -> None:
        event = Event(kind, body)
        for subscription in list(self._subscribers):
            subscription.put(event)

    def forget(self, subscription: Subscription) -> None:
        """What a subscription calls when it closes."""
        self._subscribers.remove(subscription)
