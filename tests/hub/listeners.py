"""Nodes without light: they hear the fan-out's rows through the node's own filter, queue and show state."""

from lightwave import packets, ticks
from lightwave.apply_queue import ApplyQueue
from lightwave.edges import EdgeFilter
from lightwave_hub.conductor import Conductor
from lightwave_hub.datagrams import Target
from lightwave_hub.fanout import FanOut
from lightwave_hub.part import Block, Scores
from lightwave_hub.show_clock import ShowClock
from lightwave_node.show_state import ShowState
from tests.hub.support import HandClock, decode, mac

TICK_US = 10_000
EDGES = (packets.SCENE_CHANGE, packets.PARAM_DELTA)


class Listener:
    """One session of a node. `heard` is all it was sent, `moments` the applyAt of each edge by number."""

    def __init__(self, number, session):
        self.mac = mac(number)
        self.target = Target(number + 1, self.mac, (f"127.0.{session}.{number + 1}", 9), session << 16 | number)
        self.show = ShowState()
        self.heard = []
        self.moments = {}
        self._repairs_at_first = None
        self._queue = ApplyQueue()
        self._filter = EdgeFilter()

    def hear(self, raw):
        datagram = decode(raw)
        assert datagram.seq == len(self.heard), "every datagram once, in order"
        assert datagram.token_hash == self.target.token_hash
        assert not self.heard or datagram.hub_now_us >= self.heard[-1].hub_now_us
        self.heard.append(datagram)
        if datagram.kind in EDGES:
            assert self.moments.setdefault(datagram.edge, datagram.apply_at_us) == datagram.apply_at_us
            if self._filter.seen(datagram.edge):
                return
        if datagram.kind in (*EDGES, packets.STATE):
            due = datagram.apply_at_us & ticks.MASK
            assert self._queue.push(datagram.kind, due, raw, packets.PAYLOAD_AT, datagram.payload_len)

    def frame(self, now_us):
        """Apply what is due, as the node's renderer does."""
        queue, now = self._queue, now_us & ticks.MASK
        while (slot := queue.pop_due(now)) >= 0:
            at, due = slot * queue.stride, queue.due[slot]
            if queue.kind[slot] == packets.STATE:
                self.show.apply_state(queue.data, at, due, due)
                if self._repairs_at_first is None:
                    self._repairs_at_first = self.show.repaired
            else:
                self.show.apply_edge(queue.data, at, due, queue.kind[slot] == packets.SCENE_CHANGE, due)
            queue.release(slot)

    @property
    def repairs(self):
        """How often a STATE had to put right what an edge should have done, since the first told it where it is."""
        return self.show.repaired - (self._repairs_at_first or 0)

    @property
    def edges(self):
        return [datagram for datagram in self.heard if datagram.kind in EDGES]

    @property
    def look(self):
        """As Scores.look is."""
        return *(_block(channel) for channel in self.show.channels), self.show.master, self.show.lit


def _block(look):
    flags = packets.FLAG_ENABLED * look.enabled | packets.FLAG_MIRROR * look.mirror
    numbers = look.brightness, look.speed, look.intensity, look.hue, look.saturation, look.blur
    return Block(look.effect, look.palette, *numbers, flags)


class _Air:
    """A transmitter that reaches the listeners at once."""

    def __init__(self, memory, capacity, listeners):
        self._memory = memory
        self._addresses = [None] * capacity
        self._listeners = listeners

    def set_address(self, row, address):
        self._addresses[row] = address

    def arrange(self, order):
        self._addresses[: len(order)] = [self._addresses[row] for row in order]

    def send(self, first, end):
        size = packets.PACKET_SIZE
        for row in range(first, end):
            self._listeners[self._addresses[row]].hear(bytes(self._memory[row * size : (row + 1) * size]))
        return []

    def close(self):
        pass


class Stage:
    """A conductor, a fan-out whose ticks are turned by hand, and listeners by number."""

    def __init__(self, listeners=0, scores=None):
        self.hand = HandClock()
        self.clock = ShowClock(lambda: self.hand.us * 1000)
        self.conductor = Conductor(scores or Scores(Block(), Block(), 255), self.clock)
        self.present = {}
        self._by_address = {}
        self._sessions = 0
        self.fanout = FanOut(
            self.clock,
            lambda: self.conductor.parts,
            256,
            lambda memory, capacity: _Air(memory, capacity, self._by_address),
        )
        for number in range(listeners):
            self.join(number)
        self.ticks(20)

    def join(self, number):
        self._sessions += 1
        listener = Listener(number, self._sessions % 250)
        self._by_address[listener.target.address] = listener
        self.present[number] = listener
        self.fanout.add(listener.target)
        return listener

    def leave(self, number):
        self.fanout.remove(self.present.pop(number).target)

    def ticks(self, count):
        for _ in range(count):
            self.hand.us += TICK_US
            self.fanout.tick(self.hand.us)
            for listener in self.present.values():
                listener.frame(self.hand.us)

    def run(self, seconds):
        self.ticks(round(seconds * 1_000_000) // TICK_US)

    def parts(self):
        """How many, when all that could be made one is."""
        self.conductor.tidy()
        self.ticks(1)
        return len(self.conductor.parts.all)


def macs(*numbers):
    return frozenset(mac(number) for number in numbers)
