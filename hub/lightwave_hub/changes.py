"""A change on its way from a command to the nodes: its edges, its moment, and whom it is for."""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from lightwave import packets
from lightwave_hub.part import Edge, Part
from lightwave_hub.show_clock import ShowClock


class Version(NamedTuple):
    """What a change says to some nodes (MACs), or with None to all that no version before it names."""

    nodes: frozenset[str] | None
    edges: tuple[Edge, ...]


@dataclass(slots=True, eq=False)
class Change:
    """Edges that take effect together: at once (`at_us` 0), at `at_us`, or with the beat numbered `beat`.

    All versions have edges of the same numbers, kinds, channels and masks; what a command leaves open is in each as it
    was there. A part is reached entirely or not at all: before a change is made, the parts it cuts through are divided.

    Who claims it decides what becomes of it: the tick thread, to send it, or a command, to cancel it.
    """

    nodes: frozenset[str] | None  # whom it is for; None: all
    versions: tuple[Version, ...]
    at_us: int = 0
    every: int = 0  # it waits for a beat that this divides; 0: for a time
    beat: int = 0
    _claims: deque[None] = field(default_factory=lambda: deque((None,)))

    @property
    def edges(self) -> tuple[Edge, ...]:
        """For whoever wants to know their numbers, and what some of the nodes get."""
        return self.versions[0].edges

    @property
    def waits(self) -> bool:
        """Is it meant for a moment, and not for now? Only before it was claimed."""
        return bool(self.at_us or self.every)

    def reaches(self, part: Part) -> bool:
        return self.nodes is None or part.one in self.nodes

    def edges_for(self, part: Part) -> tuple[Edge, ...]:
        """What it says to the nodes of a part; nothing if it does not reach them."""
        for nodes, edges in self.versions:
            if nodes is None or part.one in nodes:
                return edges
        return ()

    def outdates(self, older: "Change") -> bool:
        """Does this set again all that `older` sets, of parameters of a running effect?"""
        edge, other = self.edges[0], older.edges[0]
        return (
            len(self.edges) == len(older.edges) == 1
            and edge.kind == other.kind == packets.PARAM_DELTA
            and (edge.channels, edge.mask) == (other.channels, other.mask)
            and (self.nodes is None or (older.nodes is not None and older.nodes <= self.nodes))
        )

    def claim(self) -> bool:
        """True for the first who asks. Any thread."""
        try:
            self._claims.pop()
        except IndexError:
            return False
        return True

    @property
    def claimed(self) -> bool:
        return not self._claims

    def moment_us(self, clock: ShowClock) -> int:
        """When it takes effect, as the beat goes now; 0 (at once) when there is no beat any more."""
        return (clock.time_of_beat(self.beat) or 0) if self.every else self.at_us

    def follow(self, clock: ShowClock) -> None:
        """If beats were numbered anew so that its own never begins, it waits for the next that would do."""
        moment_us = self.moment_us(clock)
        if self.every and moment_us and clock.beat_at(moment_us).phase:
            self.beat = clock.next_beat(self.every, moment_us)
