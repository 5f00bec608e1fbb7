"""All parts, and the changes that wait for their moment.

Two threads meet here, and never wait for each other. The event loop's thread gives orders through a deque (append and
popleft are atomic); they are carried out one by one, in their order, at the beginning of a tick. So a part that is
divided goes on from exactly where it was, and the change it was divided for follows in the same tick.

A change is either meant now, or held here until its moment is at most SPREAD_US and APPLY_AHEAD_US away: its sendings
are spread so that nothing shorter than half a second takes all three. It begins to fly in all parts it reaches in the
same tick, or in none: what is for several parts has one applyAt. A part that has no room yet lets it wait, and all that
comes after it there; other parts go on.
"""

from collections import deque
from collections.abc import Callable
from functools import partial

from lightwave import constants, packets
from lightwave_hub.changes import Change
from lightwave_hub.part import Edge, Launched, Part, Scores, edge_datagram
from lightwave_hub.show_clock import Beat, ShowClock

SPREAD_US = 500_000  # longer than power save or a stall holds up a node's packets


class Parts:
    """`tutti` is the part of all nodes that no other has."""

    def __init__(self, tutti: Part, clock: ShowClock) -> None:
        self.tutti = tutti
        self.all = [tutti]
        self.seatings = 0  # grows whenever a node may have another part than before
        self.history: deque[Launched] = deque(maxlen=256)
        self._clock = clock
        self._orders: deque[Callable[[], None]] = deque()
        self._part_of: dict[str, Part] = {}
        self._waiting: list[Change] = []  # meant now
        self._held: list[Change] = []  # meant later

    # Orders, for the event loop's thread.

    def give(self, change: Change) -> None:
        """To be sent to all it reaches."""
        self._orders.append(partial(self._give, change))

    def divide(self, origin: Part, fresh: Part, nodes: frozenset[str]) -> None:
        """From now on `nodes` have the part `fresh` and no longer `origin`."""
        self._orders.append(partial(self._divide, origin, fresh, nodes))

    def unite(self, part: Part, other: Part, nodes: frozenset[str]) -> None:
        """`nodes`, all that `other` has, from now on have `part`: both are idle, and alike."""
        self._orders.append(partial(self._unite, part, other, nodes))

    def seat(self, part: Part, scores: Scores, nodes: frozenset[str]) -> None:
        """From now on `nodes` have this part, and it plays `scores`. Before it was given a change."""
        part.given += 1  # counts as one: until it was taken, `sent` is not what is wanted
        self._orders.append(partial(self._seat, part, scores, nodes))

    def darken(self, part: Part, dark: bool) -> None:
        """A blackout for this part alone, or its end. It shows with the next edge or STATE."""
        self._orders.append(partial(setattr, part, "dark", dark))

    def backlog(self) -> int:
        """Orders not yet carried out, and changes meant now that found no room yet."""
        return len(self._orders) + len(self._waiting)

    # All that follows belongs to the tick thread.

    def part_of(self, mac: str) -> Part:
        return self._part_of.get(mac, self.tutti)

    def fill(self, now_us: int, beat: Beat) -> None:
        """Carry out orders, and make every part's datagrams of this tick. `beat` is that of now_us + APPLY_AHEAD_US."""
        while self._orders:
            self._orders.popleft()()
        if self._waiting or self._held:
            self._launch(now_us)
        pulse, state = _pulse(now_us, beat), _state(now_us, beat)
        newest_edge = self.history[-1].edge.number if self.history else 0
        for part in self.all:
            part.fill(now_us, pulse, state, newest_edge)

    def _give(self, change: Change) -> None:
        if change.waits:
            self._held.append(change)
            return
        for older in self._waiting:  # of a dragged slider only the newest place counts
            if change.outdates(older):
                self._waiting.remove(older)
                self._count(older)
                break
        self._waiting.append(change)

    def _divide(self, origin: Part, fresh: Part, nodes: frozenset[str]) -> None:
        fresh.take_after(origin)
        self._add(fresh, nodes)

    def _unite(self, part: Part, other: Part, nodes: frozenset[str]) -> None:
        part.take_in(other)
        self.all.remove(other)
        if part is self.tutti:
            for mac in nodes:
                del self._part_of[mac]
        else:
            self._part_of.update(dict.fromkeys(nodes, part))
        self.seatings += 1

    def _seat(self, part: Part, scores: Scores, nodes: frozenset[str]) -> None:
        part.sent, part.still = scores, False
        part.taken += 1
        if part is not self.tutti:
            self._add(part, nodes)

    def _add(self, part: Part, nodes: frozenset[str]) -> None:
        self.all.append(part)
        self._part_of.update(dict.fromkeys(nodes, part))
        self.seatings += 1

    def _launch(self, now_us: int) -> None:
        """Let fly what may, as long as this tick has room for its first sending.

        What is held goes first: the time it has for its sendings passes."""
        soonest_us = now_us + constants.APPLY_AHEAD_US
        room = {part: part.room(now_us) for part in self.all}
        for apply_at_us, change in (*self._ready(soonest_us), *((soonest_us, change) for change in self._waiting)):
            reached = [part for part in self.all if change.reaches(part)]
            fits = all(room[part] >= len(change.edges) for part in reached)
            for part in reached:
                room[part] = room[part] - len(change.edges) if fits else 0
            if fits:
                self._let_fly(change, reached, apply_at_us, now_us)

    def _ready(self, soonest_us: int) -> list[tuple[int, Change]]:
        """What is held and may fly now, with its moment, the nearest first."""
        cancelled = [change for change in self._held if change.claimed]
        for change in cancelled:
            self._held.remove(change)
            self._count(change)
        for change in self._held:
            change.follow(self._clock)
        moments = [(max(soonest_us, change.moment_us(self._clock)), change) for change in self._held]
        return sorted((moment for moment in moments if moment[0] <= soonest_us + SPREAD_US), key=lambda it: it[0])

    def _let_fly(self, change: Change, reached: list[Part], apply_at_us: int, now_us: int) -> None:
        (self._held if change.waits else self._waiting).remove(change)
        for part in reached:
            part.still = False  # before it counts as taken: see Part.idle
        if change.claim():
            change.at_us, change.every = apply_at_us, 0  # from here on it is fixed
            written: dict[tuple[tuple[Edge, ...], bool], list[bytearray]] = {}  # once for parts that are told the same
            for part in reached:
                told = change.edges_for(part), part.dark
                if told not in written:
                    written[told] = [edge_datagram(edge, apply_at_us, part.dark) for edge in told[0]]
                part.let_fly(told[0], written[told], apply_at_us, now_us)
            self.history.extend(Launched(edge, apply_at_us) for edge in change.edges if edge.channels)
        self._count(change)

    def _count(self, change: Change) -> None:
        for part in self.all:
            if change.reaches(part):
                part.taken += 1


def _pulse(now_us: int, beat: Beat) -> bytearray:
    """What parts with nothing else to say have in common."""
    datagram = bytearray(packets.PACKET_SIZE)
    apply_at_us = now_us + constants.APPLY_AHEAD_US
    if beat.bpm_x100:
        packets.pack_header(datagram, packets.BEAT_TICK, packets.BEAT_SIZE, 0, 0, now_us, apply_at_us)
        packets.pack_beat(datagram, packets.PAYLOAD_AT, *beat)
    else:
        packets.pack_header(datagram, packets.HEARTBEAT, 0, 0, 0, now_us, apply_at_us)
    return datagram


def _state(now_us: int, beat: Beat) -> bytearray:
    """A STATE without what is a part's own."""
    datagram = bytearray(packets.PACKET_SIZE)
    apply_at_us = now_us + constants.APPLY_AHEAD_US
    packets.pack_header(datagram, packets.STATE, packets.STATE_SIZE, 0, 0, now_us, apply_at_us)
    packets.pack_beat(datagram, packets.PAYLOAD_AT + packets.STATE_BEAT_AT, *beat)
    return datagram
