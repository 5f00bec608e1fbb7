"""The conductor: turns wishes ("scene 3 on channel A", "master 80") into edges, and knows what was wished last.

All nodes play one part today, `tutti`. A node or group that is to play something else gets a Part of its own, made from
the scores it leaves; the fan-out asks each target for its part, so nothing below changes.

Commands are for the event loop's thread. The tick thread only calls `Part.fill`.
"""

import dataclasses
from collections.abc import Mapping

from lightwave import packets
from lightwave_hub.errors import ShowBusyError
from lightwave_hub.part import MAX_WAITING, Block, Edge, Part, Scores, masked

CHANNELS = {"a": packets.CHANNEL_A, "b": packets.CHANNEL_B, "ab": packets.CHANNEL_A | packets.CHANNEL_B}
_FLAGS = {"enabled": packets.FLAG_ENABLED, "mirror": packets.FLAG_MIRROR}
EDGE_NUMBERS = 65535  # 1..65535; 0 is "no edge yet"


class Conductor:
    def __init__(self, scores: Scores) -> None:
        self.wanted = scores  # after every command so far; the part's own copy is what was sent so far
        self.tutti = Part(dataclasses.replace(scores))
        self.parts: tuple[Part, ...] = (self.tutti,)  # the tick thread reads it: replace it, never change it
        self._number = 0

    def part_of(self, mac: str) -> Part:
        """What the node with this MAC plays."""
        return self.tutti

    def scene(
        self,
        channels: int,
        effect: int,
        palette: int | None = None,
        params: Mapping[str, int] | None = None,
        fade_ms: int = 0,
    ) -> list[int]:
        """Start `effect` anew on the channels; what is not given stays as it is. Gives the edge ids.

        `params` are fields of Block, or "enabled" and "mirror". Raises ShowBusyError.
        """
        wishes = {**(params or {}), "effect": effect}
        if palette is not None:
            wishes["palette"] = palette
        return self._set(packets.SCENE_CHANGE, channels, packets.MASK_ALL, wishes, fade_ms)

    def param(self, channels: int, params: Mapping[str, int], fade_ms: int = 0) -> list[int]:
        """Change parameters while the effect runs on; like `scene` otherwise."""
        names = {"flags" if name in _FLAGS else name for name in params}
        mask = sum(1 << Block._fields.index(name) for name in names)
        return self._set(packets.PARAM_DELTA, channels, mask, params, fade_ms)

    def master(self, value: int | None = None, lit: bool | None = None, fade_ms: int = 0) -> list[int]:
        """Master brightness, and whether anything shines at all (False: blackout). Raises ShowBusyError."""
        mask = packets.MASK_BRIGHTNESS if value is not None else 0
        mask |= packets.MASK_FLAGS if lit is not None else 0
        block = Block(
            brightness=self.wanted.master if value is None else value,
            flags=packets.FLAG_LIT if (self.wanted.lit if lit is None else lit) else 0,
        )
        return self._send([(packets.PARAM_DELTA, packets.CHANNEL_MASTER, mask, block, fade_ms)])

    def _set(self, kind: int, channels: int, mask: int, wishes: Mapping[str, int], fade_ms: int) -> list[int]:
        """One edge if it leaves all its channels alike, else one for each, beginning in the same tick."""
        blocks = {CHANNELS[name]: _wish(block, wishes) for name, block in (("a", self.wanted.a), ("b", self.wanted.b))}
        blocks = {channel: block for channel, block in blocks.items() if channel & channels}
        if len({masked(block, mask) for block in blocks.values()}) == 1:
            blocks = {channels: next(iter(blocks.values()))}
        return self._send([(kind, channel, mask, block, fade_ms) for channel, block in blocks.items()])

    def _send(self, wishes: list[tuple[int, int, int, Block, int]]) -> list[int]:
        if self.tutti.backlog() >= MAX_WAITING:
            raise ShowBusyError(MAX_WAITING)
        edges = tuple(Edge(self._next_number(), *wish) for wish in wishes)
        for edge in edges:
            self.wanted.apply(edge)
        self.tutti.inbox.append(edges)
        return [edge.number for edge in edges]

    def _next_number(self) -> int:
        self._number = self._number % EDGE_NUMBERS + 1
        return self._number


def _wish(block: Block, wishes: Mapping[str, int]) -> Block:
    flags = block.flags
    for name, bit in _FLAGS.items():
        if name in wishes:
            flags = flags | bit if wishes[name] else flags & ~bit
    return block._replace(flags=flags)._replace(**{name: value for name, value in wishes.items() if name not in _FLAGS})
