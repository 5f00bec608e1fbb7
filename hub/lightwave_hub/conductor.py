"""The conductor: turns wishes ("scene 3 on channel A", "master 80") into edges, and knows what was wished last.

A command is for all nodes or for some. Nodes that play alike share a part (seating.py); a command for some of them
divides it. Its edges have the same numbers in all parts, but what it leaves open stays in each part as it is there.

A command is meant now, or for a moment: a time, or a beat. What it leaves open is filled in when it is given, as things
will be at its moment by all that is planned then. Of two commands for the same microsecond the later one wins. What is
planned can be cancelled until its first datagram leaves, half a second before its moment.

Commands are for the event loop's thread. The tick thread only calls `Parts.fill` and `Parts.part_of`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from lightwave import constants, packets
from lightwave_hub.changes import Change, Version
from lightwave_hub.errors import NoBeatError, NotPlannedError, ShowBusyError
from lightwave_hub.part import MAX_WAITING, Block, Edge, Launched, Part, Scores, masked
from lightwave_hub.seating import Seating
from lightwave_hub.show_clock import ShowClock
from lightwave_hub.tick_stats import PERIOD_US

CHANNELS = {"a": packets.CHANNEL_A, "b": packets.CHANNEL_B, "ab": packets.CHANNEL_A | packets.CHANNEL_B}
_FLAGS = {"enabled": packets.FLAG_ENABLED, "mirror": packets.FLAG_MIRROR}
EDGE_NUMBERS = 65535  # 1..65535; 0 is "no edge yet"
# A node whose part was long left alone must not take a new number for one it has seen, 65,535 edges ago. So from time
# to time there is an edge that changes nothing, for all.
ROLL_CALL = 16_384
MAX_PLANNED = 32  # edges for any node: its queue holds 64 events, and they may all be meant for one moment
MAX_BACKLOG = 256  # changes of all parts that wait, and as many that are planned: each tick looks at all of them


class When(NamedTuple):
    """The moment of a command: a hub time, or a beat and what divides it; NOW is as soon as may be."""

    at_us: int = 0
    every: int = 0
    beat: int = 0


NOW = When()
Nodes = frozenset[str] | None  # MACs; None: all, those still to come too


class Conductor:
    def __init__(self, scores: Scores, clock: ShowClock) -> None:
        self.on_change: list[Callable[[], None]] = []  # called after every command, on the event loop's thread
        self._seating = Seating(scores, clock)
        self.parts = self._seating.parts
        self.tutti = self._seating.tutti
        self._clock = clock
        self._planned: list[Change] = []  # what was commanded for a moment still to come
        self._dark: frozenset[str] = frozenset()
        self._number = 0

    @property
    def wanted(self) -> Scores:
        """After all commands meant now, and those whose moment has come, for the nodes that play what all play.

        The part has its own: what was sent so far."""
        self._catch_up()
        return self._seating.wanted[self.tutti]

    def wanted_by(self, mac: str) -> Scores:
        """The same for one node. Darkness of its own does not show here."""
        self._catch_up()
        return self._seating.wanted[self._seating.part_of(mac)]

    @property
    def history(self) -> deque[Launched]:
        """The newest edges that went out, as some of the nodes got them. Copy it before anything else."""
        return self.parts.history

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
                self._tell()
                return numbers
        raise NotPlannedError(number)

    def scene(
        self,
        channels: int,
        effect: int,
        palette: int | None = None,
        params: Mapping[str, int] | None = None,
        fade_ms: int = 0,
        when: When = NOW,
        nodes: Nodes = None,
    ) -> list[int]:
        """Start `effect` anew on the channels; what is not given stays as it is. Gives the edge ids.

        `params` are fields of Block, or "enabled" and "mirror". Raises ShowBusyError, TooManyPartsError.
        """
        wishes = {**(params or {}), "effect": effect}
        if palette is not None:
            wishes["palette"] = palette
        return self._set(packets.SCENE_CHANGE, channels, packets.MASK_ALL, wishes, fade_ms, when, nodes)

    def param(
        self, channels: int, params: Mapping[str, int], fade_ms: int = 0, when: When = NOW, nodes: Nodes = None
    ) -> list[int]:
        """Change parameters while the effect runs on; like `scene` otherwise."""
        names = {"flags" if name in _FLAGS else name for name in params}
        mask = sum(1 << Block._fields.index(name) for name in names)
        return self._set(packets.PARAM_DELTA, channels, mask, params, fade_ms, when, nodes)

    def master(
        self, value: int | None = None, lit: bool | None = None, fade_ms: int = 0, when: When = NOW
    ) -> list[int]:
        """Master brightness, and whether anything shines at all (False: blackout), for all. Raises ShowBusyError."""
        mask = packets.MASK_BRIGHTNESS if value is not None else 0
        mask |= packets.MASK_FLAGS if lit is not None else 0
        block = Block(brightness=value or 0, flags=packets.FLAG_LIT if lit else 0)
        edge = Edge(0, packets.PARAM_DELTA, packets.CHANNEL_MASTER, mask, block, fade_ms)
        return self._command({part: [edge] for part in self._touched_by(None)}, when, None)

    def set_dark(self, nodes: frozenset[str]) -> None:
        """These nodes, and no others, stay dark whatever plays; they go on with it when they no longer are.

        The end of a blackout that is on its way just now is put right by the STATE that follows it.
        Raises ShowBusyError, TooManyPartsError.
        """
        for changed, dark in ((nodes - self._dark, True), (self._dark - nodes, False)):
            if not changed:
                continue
            lit = packets.FLAG_LIT if self.wanted.lit else 0
            edge = Edge(0, packets.PARAM_DELTA, packets.CHANNEL_MASTER, packets.MASK_FLAGS, Block(flags=lit))
            touched = self._touched_by(changed)
            self._refuse_if_busy(touched)
            for part, _ in self._seating.divide(changed):
                self.parts.darken(part, dark)
            self._dark = self._dark | changed if dark else self._dark - changed
            self._command({part: [edge] for part in self._seating.touched_by(changed)}, NOW, changed)

    def snapshot(self) -> tuple[Scores, dict[str, Scores]]:
        """What a restart must bring back: what all play, and by MAC what those play that play something else."""
        default = replace(self.wanted, newest_edge=0)
        wanted = self._seating.wanted
        others = ((mac, replace(wanted[part], newest_edge=0)) for mac, part in self._seating.seated())
        return default, {mac: scores for mac, scores in others if scores.look != default.look}

    def restore(self, scores_by_mac: Mapping[str, Scores], default: Scores) -> None:
        """Bring back what `snapshot` gave, before the first command. Raises TooManyPartsError.

        Master and blackout are for all: those of `default` count."""
        others = {mac: replace(scores, master=default.master, lit=default.lit) for mac, scores in scores_by_mac.items()}
        self._seating.restore(default, others)

    def tidy(self) -> None:
        """Parts that have become alike are made one. Every command does this first."""
        self._catch_up()
        self._seating.unite_alike()

    def _touched_by(self, nodes: Nodes) -> list[Part]:
        """The parts that a command for these nodes is about."""
        self.tidy()
        return self._seating.touched_by(nodes)

    def _set(
        self, kind: int, channels: int, mask: int, wishes: Mapping[str, int], fade_ms: int, when: When, nodes: Nodes
    ) -> list[int]:
        """One edge if it leaves all its channels alike in every part, else one for each, beginning in the same tick."""
        blocks: dict[Part, dict[int, Block]] = {}
        for part in self._touched_by(nodes):
            base = self._as_it_will_be(part, when)
            both = {packets.CHANNEL_A: base.a, packets.CHANNEL_B: base.b}
            blocks[part] = {bit: _wish(block, wishes) for bit, block in both.items() if bit & channels}
        if all(len({masked(block, mask) for block in of_part.values()}) == 1 for of_part in blocks.values()):
            blocks = {part: {channels: next(iter(of_part.values()))} for part, of_part in blocks.items()}
        edges = {
            part: [Edge(0, kind, bits, mask, block, fade_ms) for bits, block in of_part.items()]
            for part, of_part in blocks.items()
        }
        return self._command(edges, when, nodes)

    def _as_it_will_be(self, part: Part, when: When) -> Scores:
        """The part's state at that moment, by all that is planned until then."""
        scores = replace(self._seating.wanted[part])
        if when != NOW:
            moment_us = Change(None, (), *when).moment_us(self._clock)
            for change in self.planned():
                if change.moment_us(self._clock) <= moment_us and change.reaches(part):
                    _apply(change, part, scores)
        return scores

    def _command(self, edges: Mapping[Part, list[Edge]], when: When, nodes: Nodes) -> list[int]:
        """Number the edges, which are given for each part as it is now, and send them to the nodes."""
        if not edges:
            return []  # a command for no nodes
        self._refuse_if_busy(edges)
        count = len(next(iter(edges.values())))
        if when != NOW:
            self._refuse_if_planned(edges, count)
        parts = self._seating.divide(nodes)
        numbers = [self._next_number() for _ in range(count)]
        said: dict[tuple[Edge, ...], Nodes] = {}
        for part, origin in parts:
            numbered = (edge._replace(number=number) for edge, number in zip(edges[origin], numbers, strict=True))
            _add(said, tuple(numbered), self._seating.nodes_of(part))
        versions = sorted((Version(macs, text) for text, macs in said.items()), key=lambda it: it.nodes is None)
        self._give(Change(nodes, tuple(versions), *when))
        self._tell()
        return numbers

    def _give(self, change: Change) -> None:
        for part, wanted in self._seating.wanted.items():
            if change.reaches(part):
                part.given += 1
                if not change.waits:
                    _apply(change, part, wanted)
        if change.waits:
            self._planned.append(change)
        self.parts.give(change)

    def _refuse_if_busy(self, parts: Iterable[Part]) -> None:
        if any(part.backlog() >= MAX_WAITING for part in parts):
            raise ShowBusyError(MAX_WAITING)
        if self.parts.backlog() >= MAX_BACKLOG:
            raise ShowBusyError(MAX_BACKLOG)

    def _refuse_if_planned(self, parts: Iterable[Part], count: int) -> None:
        """No node is ever to wait for more than MAX_PLANNED edges, with `count` new ones for these parts."""
        for part in parts:
            if sum(len(change.edges) for change in self._planned if change.reaches(part)) + count > MAX_PLANNED:
                raise ShowBusyError(MAX_PLANNED)
        if len(self._planned) >= MAX_BACKLOG:
            raise ShowBusyError(MAX_BACKLOG)

    def _catch_up(self) -> None:
        """What was planned and whose moment has come is now as it was wished."""
        for change in self.planned():
            if change.moment_us(self._clock) > self._clock.now_us() + constants.APPLY_AHEAD_US:
                break
            self._planned.remove(change)
            for part, wanted in self._seating.wanted.items():
                if change.reaches(part):
                    _apply(change, part, wanted)

    def _next_number(self) -> int:
        self._number = self._number % EDGE_NUMBERS + 1
        if self._number % ROLL_CALL == 0:
            edge = Edge(self._number, packets.PARAM_DELTA, channels=0, mask=0, block=Block())
            self._give(Change(None, (Version(None, (edge,)),)))
            self._number += 1
        return self._number

    def _tell(self) -> None:
        for listener in self.on_change:
            listener()


def _apply(change: Change, part: Part, scores: Scores) -> None:
    for edge in change.edges_for(part):
        scores.apply(edge)


def _add(said: dict[tuple[Edge, ...], Nodes], text: tuple[Edge, ...], nodes: Nodes) -> None:
    """Note that these nodes are told this: parts that are told the same share a version."""
    known = said.get(text, frozenset())
    said[text] = None if nodes is None or known is None else known | nodes


def _wish(block: Block, wishes: Mapping[str, int]) -> Block:
    flags = block.flags
    for name, bit in _FLAGS.items():
        if name in wishes:
            flags = flags | bit if wishes[name] else flags & ~bit
    return block._replace(flags=flags)._replace(**{name: value for name, value in wishes.items() if name not in _FLAGS})
