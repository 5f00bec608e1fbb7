"""The conductor: turns wishes ("scene 3 on channel A", "master 80") into edges, and knows what was wished last.

All nodes play one part today, `tutti`. A node or group that is to play something else gets a Part of its own, made from
the scores it leaves; the fan-out asks each target for its part, so nothing below changes.

A command is meant now, or for a moment: a time, or a beat. What it leaves open is filled in when it is given, as things
will be at its moment by all that is planned then. Of two commands for the same microsecond the later one wins. What is
planned can be cancelled until its first datagram leaves, half a second before its moment.

Commands are for the event loop's thread. The tick thread only calls `Part.fill`.
"""

import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

from lightwave import constants, packets
from lightwave_hub.errors import NoBeatError, NotPlannedError, ShowBusyError
from lightwave_hub.part import MAX_WAITING, Block, Change, Edge, Part, Scores, masked
from lightwave_hub.show_clock import ShowClock
from lightwave_hub.tick_stats import PERIOD_US

CHANNELS = {"a": packets.CHANNEL_A, "b": packets.CHANNEL_B, "ab": packets.CHANNEL_A | packets.CHANNEL_B}
_FLAGS = {"enabled": packets.FLAG_ENABLED, "mirror": packets.FLAG_MIRROR}
EDGE_NUMBERS = 65535  # 1..65535; 0 is "no edge yet"
MAX_PLANNED = 32  # edges: a node's queue holds 64 events, and they may all be meant for one moment


class When(NamedTuple):
    """The moment of a command: a hub time, or a beat and what divides it; NOW is as soon as may be."""

    at_us: int = 0
    every: int = 0
    beat: int = 0


NOW = When()


class Conductor:
    def __init__(self, scores: Scores, clock: ShowClock) -> None:
        self.tutti = Part(dataclasses.replace(scores), clock)
        self.parts: tuple[Part, ...] = (self.tutti,)  # the tick thread reads it: replace it, never change it
        self._clock = clock
        self._wanted = scores
        self._planned: list[Change] = []  # what was commanded for a moment still to come
        self._number = 0

    @property
    def wanted(self) -> Scores:
        """After all commands meant now, and those whose moment has come. The part has its own: what was sent so far."""
        for change in self.planned():
            if change.moment_us(self._clock) > self._clock.now_us() + constants.APPLY_AHEAD_US:
                break
            self._planned.remove(change)
            for edge in change.edges:
                self._wanted.apply(edge)
        return self._wanted

    def planned(self) -> list[Change]:
        """What waits for its moment, the nearest first."""
        return sorted(self._planned, key=lambda change: change.moment_us(self._clock))

    def next_beat(self, every: int) -> When:
        """The first beat that can still be met and that `every` divides. Raises NoBeatError."""
        if not self._clock.bpm:
            raise NoBeatError()
        # A tick more than the nodes need: the command still has to meet a tick.
        from_us = self._clock.now_us() + constants.APPLY_AHEAD_US + PERIOD_US
        return When(every=every, beat=self._clock.next_beat(every, from_us))

    def cancel(self, number: int) -> list[int]:
        """Take back the planned command that edge `number` belongs to; all its edges. Raises NotPlannedError."""
        for change in self._planned:
            numbers = [edge.number for edge in change.edges]
            if number in numbers and change.claim():
                self._planned.remove(change)
                return numbers
        raise NotPlannedError(number)

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
        when: When = NOW,
    ) -> list[int]:
        """Start `effect` anew on the channels; what is not given stays as it is. Gives the edge ids.

        `params` are fields of Block, or "enabled" and "mirror". Raises ShowBusyError.
        """
        wishes = {**(params or {}), "effect": effect}
        if palette is not None:
            wishes["palette"] = palette
        return self._set(packets.SCENE_CHANGE, channels, packets.MASK_ALL, wishes, fade_ms, when)

    def param(self, channels: int, params: Mapping[str, int], fade_ms: int = 0, when: When = NOW) -> list[int]:
        """Change parameters while the effect runs on; like `scene` otherwise."""
        names = {"flags" if name in _FLAGS else name for name in params}
        mask = sum(1 << Block._fields.index(name) for name in names)
        return self._set(packets.PARAM_DELTA, channels, mask, params, fade_ms, when)

    def master(
        self, value: int | None = None, lit: bool | None = None, fade_ms: int = 0, when: When = NOW
    ) -> list[int]:
        """Master brightness, and whether anything shines at all (False: blackout). Raises ShowBusyError."""
        mask = packets.MASK_BRIGHTNESS if value is not None else 0
        mask |= packets.MASK_FLAGS if lit is not None else 0
        block = Block(brightness=value or 0, flags=packets.FLAG_LIT if lit else 0)
        return self._send([(packets.PARAM_DELTA, packets.CHANNEL_MASTER, mask, block, fade_ms)], when)

    def _set(
        self, kind: int, channels: int, mask: int, wishes: Mapping[str, int], fade_ms: int, when: When
    ) -> list[int]:
        """One edge if it leaves all its channels alike, else one for each, beginning in the same tick."""
        base = self._as_it_will_be(when)
        blocks = {CHANNELS[name]: _wish(block, wishes) for name, block in (("a", base.a), ("b", base.b))}
        blocks = {channel: block for channel, block in blocks.items() if channel & channels}
        if len({masked(block, mask) for block in blocks.values()}) == 1:
            blocks = {channels: next(iter(blocks.values()))}
        return self._send([(kind, channel, mask, block, fade_ms) for channel, block in blocks.items()], when)

    def _as_it_will_be(self, when: When) -> Scores:
        """The state at that moment, by all that is planned until then."""
        scores = dataclasses.replace(self.wanted)
        if when != NOW:
            moment_us = Change((), *when).moment_us(self._clock)
            for change in self.planned():
                if change.moment_us(self._clock) <= moment_us:
                    for edge in change.edges:
                        scores.apply(edge)
        return scores

    def _send(self, wishes: list[tuple[int, int, int, Block, int]], when: When) -> list[int]:
        if self.tutti.backlog() >= MAX_WAITING:
            raise ShowBusyError(MAX_WAITING)
        wanted = self.wanted
        if when != NOW and sum(len(change.edges) for change in self._planned) + len(wishes) > MAX_PLANNED:
            raise ShowBusyError(MAX_PLANNED)
        change = Change(tuple(Edge(self._next_number(), *wish) for wish in wishes), *when)
        if when == NOW:
            for edge in change.edges:
                wanted.apply(edge)
        else:
            self._planned.append(change)
        self.tutti.inbox.append(change)
        return [edge.number for edge in change.edges]

    def _next_number(self) -> int:
        self._number = self._number % EDGE_NUMBERS + 1
        return self._number


def _wish(block: Block, wishes: Mapping[str, int]) -> Block:
    flags = block.flags
    for name, bit in _FLAGS.items():
        if name in wishes:
            flags = flags | bit if wishes[name] else flags & ~bit
    return block._replace(flags=flags)._replace(**{name: value for name, value in wishes.items() if name not in _FLAGS})
