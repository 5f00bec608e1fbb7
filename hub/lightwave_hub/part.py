"""A part: what a set of nodes plays alike, and the datagrams that tell them.

`Part.one` stands for all its nodes, as long as it is: what is for one of them is for all. `given` belongs to the event
loop's thread, all else to the tick thread, which asks `fill` for the datagrams of each tick (parts.py).

An edge goes out three times, the last time APPLY_AHEAD_US before its moment and the others evenly before it. An edge
meant now has only the three ticks that APPLY_AHEAD_US leaves it. Either way a STATE follows in the next tick, so a node
that got none of the three is put right 10 to 30 ms after the moment.

At an independent loss of 20 % a node misses an edge with probability 0.2^3 = 0.8 %, and is still without it after n
STATEs with 0.8 % x 0.2^n. Four nodes have all of 50 scene changes, half a second apart (six STATEs), in all but
200 x 0.008 x 0.2^6 = 0.01 % of such shows.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import NamedTuple

from lightwave import constants, packets

DATAGRAMS_PER_TICK = 4
EDGES_PER_TICK = DATAGRAMS_PER_TICK - 1  # one place is always left for STATE, so edges never starve it
SENDINGS = 3
STATE_PERIOD_US = 100_000  # half of what the contract allows: one lost STATE leaves it intact
STATE_LATEST_US = 180_000  # until then it waits for a tick without edges, so that no tick sends twice as much as others
MAX_WAITING = 64  # changes; more means that somebody floods the show


class Block(NamedTuple):
    """Everything one channel needs to be drawn, in the order of the wire."""

    effect: int = 0
    palette: int = 0
    brightness: int = 255
    speed: int = 128
    intensity: int = 128
    hue: int = 0
    saturation: int = 255
    blur: int = 0
    flags: int = packets.FLAG_ENABLED


class Edge(NamedTuple):
    """A change of the masked fields of some channels, numbered. Mask bit n is field n of Block."""

    number: int
    kind: int  # SCENE_CHANGE or PARAM_DELTA
    channels: int
    mask: int
    block: Block
    fade_ms: int = 0


@dataclass(slots=True)
class Scores:
    """The whole state of a part: both channels, master, and whether it is lit (not blacked out)."""

    a: Block
    b: Block
    master: int
    lit: bool = True
    newest_edge: int = 0

    @property
    def look(self) -> tuple[Block, Block, int, bool]:
        """All that can be seen."""
        return self.a, self.b, self.master, self.lit

    def apply(self, edge: Edge) -> None:
        """What the nodes do with an edge, done here."""
        if edge.channels & packets.CHANNEL_A:
            self.a = _merge(self.a, edge)
        if edge.channels & packets.CHANNEL_B:
            self.b = _merge(self.b, edge)
        if edge.channels & packets.CHANNEL_MASTER:
            if edge.mask & packets.MASK_BRIGHTNESS:
                self.master = edge.block.brightness
            if edge.mask & packets.MASK_FLAGS:
                self.lit = bool(edge.block.flags & packets.FLAG_LIT)
        self.newest_edge = edge.number


class Launched(NamedTuple):
    """An edge on its way, and when it takes effect."""

    edge: Edge
    apply_at_us: int


@dataclass(slots=True)
class _Flight:
    launched: Launched
    datagram: bytearray  # parts that are told the same share it
    due_us: int  # of the next sending
    step_us: int
    sendings_left: int = SENDINGS


class Part:
    """One set of nodes' state as it was sent, and the edges still to send."""

    def __init__(self, scores: Scores, one: str | None = None) -> None:
        self.one = one  # the MAC of one of its nodes; None: the part of all nodes that no other has
        self.given = 0  # changes
        self.taken = 0  # of these, how many fly, flew, or were dropped
        self.still = False  # nothing is on its way
        self.dark = False  # a blackout of its own
        self.sent = scores
        self.datagrams: list[bytearray] = []  # this tick's, without sequence and token
        self._state = bytearray(packets.PACKET_SIZE)
        self._flying: list[_Flight] = []
        self._unsettled: list[Launched] = []  # not yet in `sent`: their moment is still to come
        self._state_due_us = 0
        self._state_latest_us = 0

    def backlog(self) -> int:
        """Changes given that have not begun to fly. Any thread."""
        return self.given - self.taken

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is on its way; `sent` stands still until a change is given. Event loop's thread."""
        return self.given == self.taken and self.still

    def take_after(self, origin: "Part") -> None:
        """Go on from where `origin` is: its nodes are about to hear this part instead."""
        self.taken, self.dark, self.sent = origin.taken, origin.dark, replace(origin.sent)
        self._flying = [replace(flight) for flight in origin._flying]
        self._unsettled = list(origin._unsettled)
        self._state_due_us, self._state_latest_us = origin._state_due_us, origin._state_latest_us

    def take_in(self, other: "Part") -> None:
        """Nodes of a part that is alike are about to hear this one. Its STATE never names an edge older than theirs."""
        if (other.sent.newest_edge - self.sent.newest_edge) & 0xFFFF < 0x8000:
            self.sent.newest_edge = other.sent.newest_edge

    def room(self, now_us: int) -> int:
        """How many edges can have their first sending in this tick."""
        return EDGES_PER_TICK - sum(flight.due_us <= now_us for flight in self._flying)

    def let_fly(self, edges: Iterable[Edge], datagrams: Iterable[bytearray], apply_at_us: int, now_us: int) -> None:
        """Begin to send these edges; their datagrams are those of `edge_datagram`."""
        step_us = (apply_at_us - constants.APPLY_AHEAD_US - now_us) // (SENDINGS - 1)
        for edge, datagram in zip(edges, datagrams, strict=True):
            launched = Launched(edge, apply_at_us)
            self._flying.append(_Flight(launched, datagram, now_us, step_us))
            self._unsettled.append(launched)

    def fill(self, now_us: int, pulse: bytearray, state: bytearray, newest_edge: int) -> None:
        """Make this tick's `datagrams` (1 to 4).

        `pulse` is the one for a tick in which there is nothing to say, `state` that of a STATE as far as all parts have
        it in common, `newest_edge` the last that flew in any part.
        """
        self._settle(now_us + constants.APPLY_AHEAD_US, newest_edge)
        self.datagrams = self._send_edges(now_us)
        if now_us >= (self._state_latest_us if self.datagrams else self._state_due_us):
            self.datagrams.append(self._write_state(state))
            self._state_due_us = now_us + STATE_PERIOD_US
            self._state_latest_us = now_us + STATE_LATEST_US
        self.datagrams = self.datagrams or [pulse]
        self.still = not (self._flying or self._unsettled)

    def _settle(self, until_us: int, newest_edge: int) -> None:
        """Edges due by `until_us` become part of the state, in the order in which nodes apply them."""
        due = [launched for launched in self._unsettled if launched.apply_at_us <= until_us]
        if not due:
            return
        for edge, _ in sorted(due, key=lambda it: (it.apply_at_us, (it.edge.number - newest_edge - 0x8000) & 0xFFFF)):
            self.sent.apply(edge)
        self._unsettled = [launched for launched in self._unsettled if launched.apply_at_us > until_us]

    def _send_edges(self, now_us: int) -> list[bytearray]:
        """The edges whose sending is due, the nearest moment first. What finds no room slips a tick."""
        if not self._flying:
            return []
        due = [flight for flight in self._flying if flight.due_us <= now_us]
        due.sort(key=attrgetter("launched.apply_at_us"))
        del due[EDGES_PER_TICK:]
        for flight in due:
            flight.datagram[packets.HUB_NOW_AT : packets.APPLY_AT] = now_us.to_bytes(8, "little")
            flight.sendings_left -= 1
            flight.due_us += flight.step_us
            if not flight.sendings_left:
                self._state_due_us = 0  # as soon as there is a tick for it
        self._flying = [flight for flight in self._flying if flight.sendings_left]
        return [flight.datagram for flight in due]

    def _write_state(self, common: bytearray) -> bytearray:
        self._state[:] = common
        at = packets.PAYLOAD_AT
        flags = packets.FLAG_LIT if self.sent.lit and not self.dark else 0
        packets.pack_state_head(self._state, at, self.sent.newest_edge, self.sent.master, flags)
        packets.pack_block(self._state, at + packets.STATE_BLOCK_A_AT, *self.sent.a)
        packets.pack_block(self._state, at + packets.STATE_BLOCK_B_AT, *self.sent.b)
        return self._state


def edge_datagram(edge: Edge, apply_at_us: int, dark: bool) -> bytearray:
    """All but sequence, token and the time of sending; in the dark the end of a blackout does not show."""
    datagram = bytearray(packets.PACKET_SIZE)
    packets.pack_header(datagram, edge.kind, packets.EDGE_SIZE, 0, 0, 0, apply_at_us)
    at = packets.PAYLOAD_AT
    packets.pack_edge(datagram, at, edge.number, edge.channels, edge.mask, edge.fade_ms)
    block = edge.block
    if dark and edge.channels & packets.CHANNEL_MASTER:
        block = block._replace(flags=block.flags & ~packets.FLAG_LIT)
    packets.pack_block(datagram, at + packets.EDGE_BLOCK_AT, *block)
    return datagram


def masked(block: Block, mask: int) -> tuple[int, ...]:
    """The fields of `block` that `mask` chooses."""
    return tuple(value for bit, value in enumerate(block) if mask >> bit & 1)


def _merge(block: Block, edge: Edge) -> Block:
    if edge.mask == packets.MASK_ALL:
        return edge.block
    pairs = enumerate(zip(block, edge.block, strict=True))
    return Block(*(new if edge.mask >> bit & 1 else old for bit, (old, new) in pairs))
