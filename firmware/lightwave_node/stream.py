"""The stream plane: datagrams from the hub into the apply queue.

A thread of its own. HOT: after creation `handle` allocates nothing; counters are read by other threads.
"""

from lightwave import ticks
from lightwave.compat import const
from lightwave.constants import APPLY_AHEAD_US
from lightwave.edges import EdgeFilter
from lightwave.packets import (
    ACCEPT,
    APPLY_AT,
    HEARTBEAT,
    HUB_NOW_AT,
    PACKET_SIZE,
    PARAM_DELTA,
    PAYLOAD_AT,
    PAYLOAD_LEN,
    SCENE_CHANGE,
    SEQ_AT,
    TYPE_AT,
    Sequence,
    low30,
    token_hash,
    u16,
    verdict,
)

_SECOND_US = const(1000000)
_RETRY_MS = const(50)  # without a socket
_REOPEN_MS = const(2)  # so that a flood of empty datagrams does not keep the thread busy


class Stream:
    """Receives with `receiver` (lightwave_hw/datagram.py), queues what is due later, counts all it drops.

    accepted       packets taken since power on; `sequence.received` counts since the welcome
    last_arrival   local time of the last of them
    apply_until30  how far the hub's own time has come in the newest packet, and APPLY_AHEAD_US: what is due by then an
                   unlocked node applies, so on arrival, but what was sent long before its moment not before it
    sessions       grows when the packets of a new session begin, before the first of its events is queued
    bad_packets, duplicate_edges, reopened
    """

    def __init__(self, clock, receiver, queue):
        self._clock = clock
        self._receiver = receiver
        self._queue = queue
        self._edges = EdgeFilter()
        self._packet = bytearray(PACKET_SIZE + 1)  # one byte more, to know a datagram that is too long
        self._wanted = self._listening = None  # (address, port)
        self._new_hash = None
        self._hash_low = self._hash_high = -1  # no packet can have it
        self._second_began = clock.now()
        self.sequence = Sequence()
        self.running = True
        self.accepted = 0
        self.last_arrival = 0
        self.apply_until30 = -1
        self.sessions = 0
        self.bad_packets = 0
        self.duplicate_edges = 0
        self.reopened = 0

    def begin_session(self, token):
        """The control thread: from now on the hub's packets carry this token's hash."""
        self._new_hash = token_hash(token)

    def listen(self, address, port):
        """The control thread: receive on this address of ours; another one than before opens another socket."""
        self._wanted = (address, port)

    def run(self):
        """The thread's body, until `running` is False."""
        try:
            while self.running:
                self._run_once()
        finally:
            self._receiver.close()

    def _run_once(self):
        """Wait for at most one datagram and handle it."""
        if self._wanted != self._listening:
            self._open()
        if self._listening is None:
            self._clock.sleep_ms(_RETRY_MS)
            return
        length = self._receive()
        now = self._clock.now()
        self._mark_second(now)
        if length > 0:
            self.handle(length, now)
        elif length == 0:  # an error, or a zero-length datagram: for MicroPython either is the socket's end
            self.reopened += 1
            self._listening = None
            self._clock.sleep_ms(_REOPEN_MS)

    def _receive(self):
        try:
            return self._receiver.receive(self._packet)
        except OSError:  # the network went away under the socket
            return 0

    def _open(self):
        wanted = self._wanted
        self._receiver.close()
        try:
            self._receiver.open(wanted[0], wanted[1])
            self._listening = wanted
        except OSError:  # not our address (any more): the control thread will tell the new one
            self._listening = None

    def handle(self, length, now):
        """Judge and queue the datagram of `length` bytes in the packet buffer. HOT."""
        packet = self._packet
        if self._new_hash is not None:
            self._adopt_session()
        if verdict(packet, length, self._hash_low, self._hash_high) != ACCEPT:
            self.bad_packets += 1
            return
        if not self.sequence.accept(low30(packet, SEQ_AT)):
            return
        # Packets come in their order, so this never goes back.
        self.apply_until30 = ticks.add(low30(packet, HUB_NOW_AT), APPLY_AHEAD_US)
        self.last_arrival = now
        self.accepted += 1
        kind = packet[TYPE_AT]
        if kind == HEARTBEAT:
            return
        if (kind == SCENE_CHANGE or kind == PARAM_DELTA) and self._edges.seen(u16(packet, PAYLOAD_AT)):
            self.duplicate_edges += 1
            return
        self._enqueue(kind)

    def _enqueue(self, kind):
        self._queue.push(kind, low30(self._packet, APPLY_AT), self._packet, PAYLOAD_AT, PAYLOAD_LEN[kind])

    def _adopt_session(self):
        """Once a session: this allocates."""
        new_hash = self._new_hash
        self._new_hash = None
        self._hash_low = new_hash & 0xFFFF
        self._hash_high = new_hash >> 16
        self.sequence.reset()
        self._edges.reset()
        self._queue.clear()
        self.apply_until30 = -1
        self.sessions += 1

    def _mark_second(self, now):
        while ticks.diff(now, self._second_began) >= _SECOND_US:
            self._second_began = ticks.add(self._second_began, _SECOND_US)
            self.sequence.tick_second()
