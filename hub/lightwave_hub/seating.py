"""Who plays what: which nodes share a part, when a part is divided, and when parts become one again.

There is one part for each set of nodes that play alike, never more than MAX_PARTS. Nodes are known by their MAC, here
or not: one that comes back plays what it played. Whoever has no part of his own has `tutti`.

For the event loop's thread. `Parts` is told of every step, in the same order as of the changes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from lightwave_hub.errors import TooManyPartsError
from lightwave_hub.part import Block, Part, Scores
from lightwave_hub.parts import Parts
from lightwave_hub.show_clock import ShowClock

MAX_PARTS = 64  # each is told apart in every tick: 64 of them cost a tenth of it
MAX_SEATED = 4096  # nodes with a part of their own

Look = tuple[Block, Block, int, bool]


class Seating:
    def __init__(self, scores: Scores, clock: ShowClock) -> None:
        self.tutti = Part(replace(scores))
        self.parts = Parts(self.tutti, clock)
        self.wanted: dict[Part, Scores] = {self.tutti: scores}  # of every part, tutti first
        self._nodes: dict[Part, frozenset[str]] = {}  # of every part but tutti
        self._part_of: dict[str, Part] = {}

    def part_of(self, mac: str) -> Part:
        return self._part_of.get(mac, self.tutti)

    def nodes_of(self, part: Part) -> frozenset[str] | None:
        """None: all nodes that no other part has."""
        return self._nodes.get(part)

    def seated(self) -> Iterable[tuple[str, Part]]:
        """All nodes with a part of their own."""
        return self._part_of.items()

    def touched_by(self, nodes: frozenset[str] | None) -> list[Part]:
        """The parts that some of these nodes have; None: all parts."""
        return list(self.wanted) if nodes is None else list(self._shares(nodes))

    def divide(self, nodes: frozenset[str] | None) -> list[tuple[Part, Part]]:
        """The parts of exactly these nodes, each with the part it comes from; what they share with others is divided.

        Raises TooManyPartsError, and has divided nothing then.
        """
        if nodes is None:
            return [(part, part) for part in self.wanted]
        shares = self._shares(nodes)
        cut = {part for part, share in shares.items() if share != self._nodes.get(part)}
        self._check(len(self.wanted) + len(cut), len(self._part_of) + len(shares.get(self.tutti, ())))
        return [(self._divide(part, share) if part in cut else part, part) for part, share in shares.items()]

    def unite_alike(self) -> None:
        """Parts in which nothing waits or flies, and which look the same, become one."""
        alike: dict[tuple[Look, bool], Part] = {}
        for part in list(self.wanted):
            if not part.idle:
                continue
            if self.wanted[part].look != part.sent.look:
                # In a flood a command for now may be sent after one for a moment. What was sent counts.
                self.wanted[part] = replace(part.sent)
            first = alike.setdefault((part.sent.look, part.dark), part)
            if first is not part:
                self._unite(first, part)

    def restore(self, default: Scores, others: Mapping[str, Scores]) -> None:
        """Begin with these: `default` for tutti, `others` by MAC. Raises TooManyPartsError. Before any division."""
        groups: defaultdict[Look, set[str]] = defaultdict(set)
        for mac, scores in others.items():
            if scores.look != default.look:
                groups[scores.look].add(mac)
        self._check(1 + len(groups), sum(map(len, groups.values())))
        self.wanted[self.tutti] = replace(default)
        self.parts.seat(self.tutti, replace(default), frozenset())
        for look, group in groups.items():
            nodes = frozenset(group)
            part = Part(Scores(*look), next(iter(nodes)))
            self._note(part, nodes, Scores(*look))
            self.parts.seat(part, Scores(*look), nodes)

    def _shares(self, nodes: frozenset[str]) -> dict[Part, frozenset[str]]:
        shares: defaultdict[Part, set[str]] = defaultdict(set)
        for mac in nodes:
            shares[self.part_of(mac)].add(mac)
        return {part: frozenset(share) for part, share in shares.items()}

    def _check(self, parts: int, seated: int) -> None:
        if parts > MAX_PARTS:
            raise TooManyPartsError(MAX_PARTS, "different things at once")
        if seated > MAX_SEATED:
            raise TooManyPartsError(MAX_SEATED, "nodes that play something of their own")

    def _divide(self, origin: Part, nodes: frozenset[str]) -> Part:
        """The part of these nodes: a new one, unless they have the one that stands for all, who stays where he is."""
        stays = origin.one in nodes
        leaving = self._nodes[origin] - nodes if stays else nodes
        fresh = Part(replace(self.wanted[origin]), next(iter(leaving)))
        fresh.given, fresh.taken = origin.given, origin.taken
        if origin is not self.tutti:
            self._nodes[origin] -= leaving
        self._note(fresh, leaving, replace(self.wanted[origin]))
        self.parts.divide(origin, fresh, leaving)
        return origin if stays else fresh

    def _note(self, part: Part, nodes: frozenset[str], wanted: Scores) -> None:
        self.wanted[part] = wanted
        self._nodes[part] = nodes
        self._part_of.update(dict.fromkeys(nodes, part))

    def _unite(self, part: Part, other: Part) -> None:
        nodes = self._nodes.pop(other)
        del self.wanted[other]
        if part is self.tutti:
            for mac in nodes:
                del self._part_of[mac]
        else:
            self._nodes[part] |= nodes
            self._part_of.update(dict.fromkeys(nodes, part))
        self.parts.unite(part, other, nodes)
