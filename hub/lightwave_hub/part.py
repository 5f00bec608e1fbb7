"""A part: what a set of nodes plays, and the datagrams that tell them.

Two threads meet here, and never wait for each other. The event loop puts changes into `inbox` (a deque: append and
popleft are atomic); everything else belongs to the tick thread, which asks `fill` for the datagrams of each tick.
"""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from lightwave import constants, packets
from lightwave_hub.show_clock import Beat

DATAGRAMS_PER_TICK = 4
EDGES_PER_TICK = DATAGRAMS_PER_TICK - 1  # one place is always left for STATE, so edges never starve it
SENDINGS = 3
STATE_PERIOD_US = 100_000  # half of what the contract allows: one lost STATE leaves it intact
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


class Launched(NamedTuple):
    """An edge on its way, and when it takes effect."""

    edge: Edge
    apply_at_us: int


@dataclass(slots=True)
class _Flight:
    launched: Launched
    sendings_left: int = SENDINGS


class Part:
    """One set of nodes' state as it was sent, and the edges still to send."""

    def __init__(self, scores: Scores) -> None:
        self.inbox: deque[tuple[Edge, ...]] = deque()  # edges of one tuple begin in the same tick
        self.history: deque[Launched] = deque(maxlen=256)
        self.slots = tuple(bytearray(packets.PACKET_SIZE) for _ in range(DATAGRAMS_PER_TICK))
        self._sent = scores
        self._waiting: deque[tuple[Edge, ...]] = deque()
        self._flying: list[_Flight] = []
        self._state_due_us = 0

    def backlog(self) -> int:
        """Changes that no tick has taken up yet. Any thread."""
        return len(self.inbox) + len(self._waiting)

    def fill(self, now_us: int, beat: Beat) -> int:
        """Write this tick's datagrams into `slots`, without sequence and token; how many there are (1 to 4).

        `beat` is that of now_us + APPLY_AHEAD_US. Tick thread only.
        """
        self._take_in()
        self._launch(now_us + constants.APPLY_AHEAD_US)
        used = 0
        for flight in self._flying:
            self._write_edge(self.slots[used], flight.launched, now_us)
            flight.sendings_left -= 1
            used += 1
        self._flying = [flight for flight in self._flying if flight.sendings_left]
        if now_us >= self._state_due_us:
            self._state_due_us = now_us + STATE_PERIOD_US
            self._write_state(self.slots[used], now_us, beat)
            used += 1
        if not used:
            self._write_beat(self.slots[0], now_us, beat)
            used = 1
        return used

    def _take_in(self) -> None:
        while self.inbox:
            change = self.inbox.popleft()
            if len(change) == 1 and change[0].kind == packets.PARAM_DELTA:
                self._drop_outdated(change[0])
            self._waiting.append(change)

    def _drop_outdated(self, newer: Edge) -> None:
        """Forget an unsent delta that `newer` sets again entirely: of a dragged slider only the newest place counts."""
        for change in self._waiting:
            older = change[0]
            same = older.kind == newer.kind and older.channels == newer.channels and older.mask == newer.mask
            if len(change) == 1 and same:
                self._waiting.remove(change)
                return

    def _launch(self, apply_at_us: int) -> None:
        while self._waiting and len(self._flying) + len(self._waiting[0]) <= EDGES_PER_TICK:
            for edge in self._waiting.popleft():
                launched = Launched(edge, apply_at_us)
                self._flying.append(_Flight(launched))
                self.history.append(launched)
                self._sent.apply(edge)  # a STATE of this tick has the same applyAt, so it contains the edge

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
