"""The hub's listening socket lets in so many connections, and none that has nothing to say.

aiohttp has no limit of either kind: an idle connection would be kept for ever, each at the price of a task.
"""

import asyncio
from dataclasses import dataclass
from typing import cast

from aiohttp import web

OTHERS = 256  # connections beside the nodes': pages, programs, and who has yet to say what it is
KEPT_PLACES = 64  # that no address gets which holds all the others: a hub in a crowd of one stays within reach
PATIENCE_S = 10.0  # for the first byte


@dataclass(slots=True)
class DoorStats:
    """Counters since the hub started."""

    refused: int = 0  # connections, because there were too many in all or of one address


class Door:
    """A factory of protocols, for `loop.create_server`. `most` counts those that wait and those let in; one address may
    have all of them but `kept`."""

    def __init__(
        self,
        server: web.Server,
        most: int,
        patience_s: float = PATIENCE_S,
        kept: int = 0,
        stats: DoorStats | None = None,
    ) -> None:
        self.server = server
        self.waiting: set[asyncio.BaseTransport] = set()
        self.stats = stats or DoorStats()
        self.patience_s = patience_s
        self._most = most
        self._kept = kept

    def __call__(self) -> "Visitor":
        return Visitor(self)

    def is_full_for(self, transport: asyncio.BaseTransport) -> bool:
        there = [*self.waiting, *(each.transport for each in self.server.connections if each.transport is not None)]
        if len(there) < self._most - self._kept:
            return False
        address = _address(transport)
        return len(there) >= self._most or sum(_address(each) == address for each in there) >= self._most - self._kept


class Visitor(asyncio.Protocol):
    """A connection until its first bytes come; then it is the server's."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._door.is_full_for(transport):
            self._door.stats.refused += 1
            self._transport.abort()
            return
        self._door.waiting.add(transport)
        self._timer = asyncio.get_running_loop().call_later(self._door.patience_s, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or not self._leave():
            return
        handler = self._door.server()
        transport.set_protocol(handler)
        handler.connection_made(transport)
        handler.data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._leave()

    def _leave(self) -> bool:
        """Wait no longer; False for one who was not let in."""
        waited = self._transport in self._door.waiting
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._door.waiting.discard(self._transport)
        return waited


def _address(transport: asyncio.BaseTransport) -> str | None:
    """Of the other side, without the port."""
    name = transport.get_extra_info("peername")
    return name[0] if name else None
