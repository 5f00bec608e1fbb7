"""Previews: asks nodes to show their strips while somebody watches, and gathers what they send (see PROTOCOL.md).

All nodes together send at most MAX_PER_S: of a large fleet each is asked for fewer.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

from lightwave import messages
from lightwave.messages import MessageError
from lightwave_hub.log import control_log, failure
from lightwave_hub.node import STREAMING, Node
from lightwave_hub.registry import NodeTable

MAX_PER_S = 480
FPS_STEPS = (messages.PREVIEW_FPS, 10, 5, 2, 1)
ORDER_EVERY = 4  # rounds: how soon a node that has come is asked
_SEND_TIMEOUT_S = 1.0
_U16 = 2

Send = Callable[..., Awaitable[bool]]


class Previews:
    """For the event loop's thread."""

    def __init__(self, table: NodeTable) -> None:
        self._table = table
        self._watchers = 0
        self._watched = asyncio.Event()
        self._newest: dict[int, bytes] = {}
        self._told: dict[str, int] = {}  # frames a second, by the session's token

    def watch(self) -> None:
        self._watchers += 1
        self._watched.set()

    def unwatch(self) -> None:
        self._watchers -= 1
        if not self._watchers:
            self._watched.clear()

    def take(self, node: Node, data: bytes) -> None:
        """A preview that `node` sent. Raises MessageError."""
        check(data, node.node_id)
        if self._watchers:
            self._newest[node.node_id] = data

    async def run(self, send: Send, show: Callable[[bytes], None]) -> None:
        """Until cancelled: `send` as ControlPlane.send, `show` gets all that came within a round, one after another."""
        while True:
            try:
                await self._watched.wait()
                await self._show(send, show)
                await self._order(send, 0)
            except Exception:  # previews are a comfort; the show goes on, and so do they
                failure(control_log, "previews failed")
                await asyncio.sleep(1)

    async def _show(self, send: Send, show: Callable[[bytes], None]) -> None:
        """While somebody watches."""
        self._newest.clear()
        for round_number in itertools.count():
            if not self._watchers:
                return
            if round_number % ORDER_EVERY == 0:
                await self._order(send, fps_for(len(self._who())))
            await asyncio.sleep(1 / messages.PREVIEW_FPS)
            if self._newest:
                show(b"".join(self._newest.values()))
                self._newest.clear()

    def _who(self) -> list[Node]:
        return [node for node in self._table.nodes() if node.state in STREAMING and node.caps.get("preview")]

    async def _order(self, send: Send, fps: int) -> None:
        """Tell every node that does not know it yet. One that is stuck holds up the others once, for a second."""
        told = self._told
        self._told = {}
        for node in self._who():
            known = told.get(node.token, 0)
            if known != fps:
                try:
                    async with asyncio.timeout(_SEND_TIMEOUT_S):
                        await send(node, "preview", fps=fps)
                except TimeoutError:
                    pass  # it reads nothing, and will be lost for it
            self._told[node.token] = fps


def fps_for(nodes: int) -> int:
    """How many a second each of so many nodes is asked for."""
    return next((fps for fps in FPS_STEPS if nodes * fps <= MAX_PER_S), FPS_STEPS[-1])


def check(data: bytes, node_id: int) -> None:
    """Is this a preview of that node? Raises MessageError."""
    if len(data) < messages.PREVIEW_HEAD or int.from_bytes(data[:_U16], "little") != node_id:
        raise MessageError(messages.BAD_FIELD, "preview", "is not one of this node")
    version, channels = data[_U16], data[_U16 + 1]
    if version != messages.PREVIEW_VERSION or not 1 <= channels <= 2:
        raise MessageError(messages.BAD_FIELD, "preview", "is not of a known version with 1..2 channels")
    at = messages.PREVIEW_HEAD
    for _ in range(channels):
        cells = data[at] if at < len(data) else 0
        if not 1 <= cells <= messages.PREVIEW_CELLS:
            raise MessageError(messages.BAD_FIELD, "preview", f"has 1..{messages.PREVIEW_CELLS} cells a channel")
        at += 1 + 3 * cells
    if at != len(data):
        raise MessageError(messages.BAD_FIELD, "preview", f"has {len(data)} bytes, not {at}")
