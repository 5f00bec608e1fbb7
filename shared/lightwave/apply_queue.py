"""Events waiting for their moment, in fixed memory: a list sorted by due time, linked through its slots.

Loss must not decide what wins when two edges are due in the same microsecond: they stand in the order of their ids,
whichever came first, and before a STATE of that moment, which contains them. All others stand as they came.

One thread pushes, one pops. The lock is held only while links change, never while payload bytes are copied: a slot
belongs to the producer between being taken and being linked, and to the consumer from `pop_due` to `release`.
Nothing but creation allocates.
"""

from . import ticks
from .compat import allocate_lock, const
from .packets import EDGE_CHANNELS_AT, EDGE_ID_AT, EDGE_MASK_AT, PARAM_DELTA, PAYLOAD_MAX, SCENE_CHANGE, u16

_NONE = const(255)  # no slot


class ApplyQueue:
    """`capacity` (at most 254) events of a kind, a 30-bit due time and up to `stride` bytes of payload.

    All due times waiting at once must lie within 2^29 us of each other. Counters: `coalesced`, `dropped` since
    creation, `waiting` now, `high_water` most ever."""

    def __init__(self, capacity: int = 64, lock=None) -> None:
        if not 1 <= capacity < _NONE:
            raise ValueError("capacity must be 1..254")
        self.stride = PAYLOAD_MAX
        self.kind = bytearray(capacity)
        self.length = bytearray(capacity)
        self.due = [0] * capacity
        self.data = bytearray(capacity * self.stride)
        self.coalesced = 0
        self.dropped = 0
        self.waiting = 0
        self.high_water = 0
        self._lock = lock if lock is not None else allocate_lock()
        self._next = bytearray(capacity)  # in due order from _first, or of the free slots from _free
        self._first = _NONE
        self._last = _NONE
        self._free = 0
        self._filling = _NONE  # the producer's slot between taking and linking
        for slot in range(capacity):
            self._next[slot] = slot + 1
        self._next[capacity - 1] = _NONE

    def push(self, kind: int, due: int, buf: bytearray, at: int, length: int) -> bool:
        """Queue the payload `buf[at:at + length]`. False when it had to be dropped. HOT; the producer's thread.

        When all slots are taken, the earliest PARAM_DELTA with the same channels and mask makes room for a
        PARAM_DELTA."""
        self._filling = self._take(kind, buf, at) if length <= self.stride else _NONE
        if self._filling == _NONE:
            self.dropped += 1
            return False
        self._copy(buf, at, length)
        self.kind[self._filling] = kind
        self.length[self._filling] = length
        self.due[self._filling] = due
        self._lock.acquire()  # no `with`: see pop_due
        self._link(self._filling)
        self._lock.release()
        return True

    def _copy(self, buf: bytearray, at: int, length: int) -> None:
        """What a slice assignment does, without its allocations."""
        to = self.data
        to_at = self._filling * self.stride
        while length:
            length -= 1
            to[to_at + length] = buf[at + length]

    def pop_due(self, now: int) -> int:
        """The slot of the earliest event due at `now` or before, or -1. HOT; the consumer's thread.

        Read `kind[slot]`, `due[slot]`, `length[slot]` and `data` from `slot * stride`, then release it."""
        if self._first == _NONE:
            return -1
        # No `with`: it makes this function's frame too large for MicroPython's stack, and nothing in between can raise.
        self._lock.acquire()
        slot = self._first
        if slot == _NONE or ticks.before(now, self.due[slot]):
            slot = -1
        else:
            self._unlink(slot, _NONE)
        self._lock.release()
        return slot

    def release(self, slot: int) -> None:
        """Give a popped slot back. HOT; the consumer's thread."""
        with self._lock:
            self._next[slot] = self._free
            self._free = slot

    def clear(self) -> None:
        """Forget all that waits; popped slots are still to be released."""
        while True:
            with self._lock:
                slot = self._first
                if slot == _NONE:
                    return
                self._unlink(slot, _NONE)
            self.release(slot)

    def _take(self, kind: int, buf: bytearray, at: int) -> int:
        """A slot nobody else can see, or _NONE."""
        self._lock.acquire()  # no `with`: see pop_due
        slot = self._free
        if slot != _NONE:
            self._free = self._next[slot]
        elif kind == PARAM_DELTA:
            slot = self._unlink_same_delta(buf, at)
            if slot != _NONE:
                self.coalesced += 1
        self._lock.release()
        return slot

    def _unlink_same_delta(self, buf: bytearray, at: int) -> int:
        before = _NONE
        slot = self._first
        while slot != _NONE:
            if self.kind[slot] == PARAM_DELTA and self._same_target(slot * self.stride, buf, at):
                self._unlink(slot, before)
                return slot
            before = slot
            slot = self._next[slot]
        return _NONE

    def _same_target(self, mine: int, buf: bytearray, at: int) -> bool:
        data = self.data
        return (
            data[mine + EDGE_CHANNELS_AT] == buf[at + EDGE_CHANNELS_AT]
            and data[mine + EDGE_MASK_AT] == buf[at + EDGE_MASK_AT]
            and data[mine + EDGE_MASK_AT + 1] == buf[at + EDGE_MASK_AT + 1]
        )

    def _link(self, slot: int) -> None:
        """Put the slot after all that it does not go before."""
        after = self._last  # where most events belong: they arrive in order
        if after != _NONE and self._goes_before(slot, after):
            after = _NONE
            ahead = self._first
            while not self._goes_before(slot, ahead):
                after = ahead
                ahead = self._next[ahead]
        if after == _NONE:
            self._next[slot] = self._first
            self._first = slot
        else:
            self._next[slot] = self._next[after]
            self._next[after] = slot
        if self._next[slot] == _NONE:
            self._last = slot
        self.waiting += 1
        if self.waiting > self.high_water:
            self.high_water = self.waiting

    def _goes_before(self, slot: int, other: int) -> bool:
        if self.due[slot] != self.due[other]:
            return ticks.before(self.due[slot], self.due[other])
        if not self._is_edge(slot):
            return False
        return not self._is_edge(other) or (self._edge_id(slot) - self._edge_id(other)) & 0x8000 != 0

    def _is_edge(self, slot: int) -> bool:
        return self.kind[slot] == SCENE_CHANGE or self.kind[slot] == PARAM_DELTA

    def _edge_id(self, slot: int) -> int:
        return u16(self.data, slot * self.stride + EDGE_ID_AT)

    def _unlink(self, slot: int, before: int) -> None:
        """Take out the slot that follows `before` (_NONE: the first)."""
        following = self._next[slot]
        if before == _NONE:
            self._first = following
        else:
            self._next[before] = following
        if following == _NONE:
            self._last = before
        self.waiting -= 1
