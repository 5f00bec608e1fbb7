"""A part: what a set of nodes plays, and the datagrams that tell them.

Two threads meet here, and never wait for each other. The event loop puts changes into `inbox` (a deque: append and
popleft are atomic); everything else belongs to the tick thread, which asks `fill` for the datagrams of each tick.

A change is either meant now, or held here until its moment is at most SPREAD_US and APPLY_AHEAD_US away. Then it goes
out three times, the last time APPLY_AHEAD_US before its moment and the others evenly before it, so that nothing shorter
than half a second takes all three. A change meant now has only the three ticks that APPLY_AHEAD_US leaves it. Either
way a STATE follows in the next tick, so a node that got none of the three is put right 10 to 30 ms after the moment.

At an independent loss of 20 % a node misses an edge with probability 0.2^3 = 0.8 %, and is still without it after n
STATEs with 0.8 % x 0.2^n. Four nodes have all of 50 scene changes, half a second apart (six STATEs), in all but
200 x 0.008 x 0.2^6 = 0.01 % of such shows.
"""

from collections import deque
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from lightwave import constants, packets
from lightwave_hub.show_clock import Beat, ShowClock

DATAGRAMS_PER_TICK = 4
EDGES_PER_TICK = DATAGRAMS_PER_TICK - 1  # one place is always left for STATE, so edges never starve it
SENDINGS = 3
SPREAD_US = 500_000  # longer than power save or a stall holds up a node's packets
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


@dataclass(slots=True, eq=False)
class Change:
    """Edges that take effect together: at once (`at_us` 0), at `at_us`, or with the beat numbered `beat`.

    Who claims it decides what becomes of it: the part, to send it, or a command, to cancel it.
    """

    edges: tuple[Edge, ...]
    at_us: int = 0
    every: int = 0  # it waits for a beat that this divides; 0: for a time
    beat: int = 0
    _claims: deque[None] = field(default_factory=lambda: deque((None,)))

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


class Launched(NamedTuple):
    """An edge on its way, and when it takes effect."""

    edge: Edge
    apply_at_us: int


@dataclass(slots=True)
class _Flight:
    launched: Launched
    due_us: int  # of the next sending
    step_us: int
    sendings_left: int = SENDINGS


class Part:
    """One set of nodes' state as it was sent, and the edges still to send."""

    def __init__(self, scores: Scores, clock: ShowClock) -> None:
        self.inbox: deque[Change] = deque()
        self.history: deque[Launched] = deque(maxlen=256)
        self.slots = tuple(bytearray(packets.PACKET_SIZE) for _ in range(DATAGRAMS_PER_TICK))
        self._clock = clock
        self._sent = scores
        self._waiting: list[Change] = []  # meant now
        self._held: list[Change] = []  # meant later
        self._flying: list[_Flight] = []
        self._unsettled: list[Launched] = []  # not yet in _sent: their moment is still to come
        self._state_due_us = 0
        self._state_latest_us = 0

    def backlog(self) -> int:
        """Changes meant now that no tick has taken up yet. Any thread."""
        return len(self.inbox) + len(self._waiting)

    def fill(self, now_us: int, beat: Beat) -> int:
        """Write this tick's datagrams into `slots`, without sequence and token; how many there are (1 to 4).

        `beat` is that of now_us + APPLY_AHEAD_US. Tick thread only.
        """
        self._take_in()
        if self._waiting or self._held:
            self._launch(now_us)
        self._settle(now_us + constants.APPLY_AHEAD_US)
        used = self._send_edges(now_us)
        if now_us >= (self._state_latest_us if used else self._state_due_us):
            self._write_state(self.slots[used], now_us, beat)
            self._state_due_us = now_us + STATE_PERIOD_US
            self._state_latest_us = now_us + STATE_LATEST_US
            used += 1
        if not used:
            self._write_beat(self.slots[0], now_us, beat)
            used = 1
        return used

    def _take_in(self) -> None:
        while self.inbox:
            change = self.inbox.popleft()
            if change.at_us or change.every:
                self._held.append(change)
                continue
            if len(change.edges) == 1 and change.edges[0].kind == packets.PARAM_DELTA:
                self._drop_outdated(change.edges[0])
            self._waiting.append(change)

    def _drop_outdated(self, newer: Edge) -> None:
        """Forget an unsent delta that `newer` sets again entirely: of a dragged slider only the newest place counts."""
        for change in self._waiting:
            older = change.edges[0]
            same = older.kind == newer.kind and older.channels == newer.channels and older.mask == newer.mask
            if len(change.edges) == 1 and same:
                self._waiting.remove(change)
                return

    def _launch(self, now_us: int) -> None:
        """Let fly what may, as long as this tick has room for its first sending.

        What is held goes first: the time it has for its sendings passes."""
        soonest_us = now_us + constants.APPLY_AHEAD_US
        moments = []
        self._held = [change for change in self._held if not change.claimed]
        for change in self._held:
            change.follow(self._clock)
            moments.append((max(soonest_us, change.moment_us(self._clock)), change))
        ready = sorted((moment for moment in moments if moment[0] <= soonest_us + SPREAD_US), key=_moment)
        room = EDGES_PER_TICK - sum(flight.due_us <= now_us for flight in self._flying)
        for apply_at_us, change in (*ready, *((soonest_us, change) for change in self._waiting)):
            room -= len(change.edges)
            if room < 0:
                return
            (self._held if change.at_us or change.every else self._waiting).remove(change)
            if change.claim():
                change.at_us, change.every = apply_at_us, 0  # from here on it is fixed
                self._let_fly(change.edges, apply_at_us, now_us)

    def _let_fly(self, edges: tuple[Edge, ...], apply_at_us: int, now_us: int) -> None:
        step_us = (apply_at_us - constants.APPLY_AHEAD_US - now_us) // (SENDINGS - 1)
        for edge in edges:
            launched = Launched(edge, apply_at_us)
            self._flying.append(_Flight(launched, now_us, step_us))
            self._unsettled.append(launched)
            self.history.append(launched)

    def _settle(self, until_us: int) -> None:
        """Edges due by `until_us` become part of the state, in the order in which nodes apply them."""
        due = [launched for launched in self._unsettled if launched.apply_at_us <= until_us]
        if not due:
            return
        newest = self.history[-1].edge.number
        for edge, _ in sorted(due, key=lambda it: (it.apply_at_us, (it.edge.number - newest - 0x8000) & 0xFFFF)):
            self._sent.apply(edge)
        self._unsettled = [launched for launched in self._unsettled if launched.apply_at_us > until_us]

    def _send_edges(self, now_us: int) -> int:
        """Write the edges whose sending is due, the nearest moment first; how many. What finds no room slips a tick."""
        if not self._flying:
            return 0
        due = sorted(
            (flight for flight in self._flying if flight.due_us <= now_us), key=attrgetter("launched.apply_at_us")
        )
        for slot, flight in zip(self.slots[:EDGES_PER_TICK], due, strict=False):
            self._write_edge(slot, flight.launched, now_us)
            flight.sendings_left -= 1
            flight.due_us += flight.step_us
            if not flight.sendings_left:
                self._state_due_us = 0  # as soon as there is a tick for it
        self._flying = [flight for flight in self._flying if flight.sendings_left]
        return min(len(due), EDGES_PER_TICK)

    def _write_edge(self, slot: bytearray, launched: Launched, now_us: int) -> None:
        edge = launched.edge
        packets.pack_header(slot, edge.kind, packets.EDGE_SIZE, 0, 0, now_us, launched.apply_at_us)
        at = packets.PAYLOAD_AT
        packets.pack_edge(slot, at, edge.number, edge.channels, edge.mask, edge.fade_ms)
        packets.pack_block(slot, at + packets.EDGE_BLOCK_AT, *edge.block)
        _clear(slot, packets.EDGE_SIZE)

    def _write_state(self, slot: bytearray, now_us: int, beat: Beat) -> None:
        apply_at_us = now_us + constants.APPLY_AHEAD_US
        packets.pack_header(slot, packets.STATE, packets.STATE_SIZE, 0, 0, now_us, apply_at_us)
        at = packets.PAYLOAD_AT
        packets.pack_beat(slot, at + packets.STATE_BEAT_AT, *beat)
        flags = packets.FLAG_LIT if self._sent.lit else 0
        packets.pack_state_head(slot, at, self._sent.newest_edge, self._sent.master, flags)
        packets.pack_block(slot, at + packets.STATE_BLOCK_A_AT, *self._sent.a)
        packets.pack_block(slot, at + packets.STATE_BLOCK_B_AT, *self._sent.b)

    def _write_beat(self, slot: bytearray, now_us: int, beat: Beat) -> None:
        apply_at_us = now_us + constants.APPLY_AHEAD_US
        if beat.bpm_x100:
            packets.pack_header(slot, packets.BEAT_TICK, packets.BEAT_SIZE, 0, 0, now_us, apply_at_us)
            packets.pack_beat(slot, packets.PAYLOAD_AT, *beat)
            _clear(slot, packets.BEAT_SIZE)
        else:
            packets.pack_header(slot, packets.HEARTBEAT, 0, 0, 0, now_us, apply_at_us)
            _clear(slot, 0)


def _moment(pair: tuple[int, Change]) -> int:
    return pair[0]


_ZEROS = bytes(packets.PACKET_SIZE)


def _clear(slot: bytearray, payload_size: int) -> None:
    """Zero what an earlier, longer payload left behind."""
    end = packets.HEADER_SIZE + payload_size
    slot[end:] = _ZEROS[end:]


def masked(block: Block, mask: int) -> tuple[int, ...]:
    """The fields of `block` that `mask` chooses."""
    return tuple(value for bit, value in enumerate(block) if mask >> bit & 1)


def _merge(block: Block, edge: Edge) -> Block:
    pairs = enumerate(zip(block, edge.block, strict=True))
    return Block(*(new if edge.mask >> bit & 1 else old for bit, (old, new) in pairs))
