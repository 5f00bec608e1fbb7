"""Each edge is sent three times, some of them spread over half a second; this lets the first one through."""

from .compat import const

# While one edge's sendings are under way, half a second, a hub sends some fifty others, and 64 more may wait. The rest
# is room for dragged sliders: the places they skip take numbers too.
_REMEMBERED = const(512)  # a power of two
_MAX_JUMP = const(1000)  # beyond that the hub numbers anew


class EdgeFilter:
    """Remembers the newest edge id and which of the 511 before it were seen. One thread; nothing allocates."""

    def __init__(self) -> None:
        self._seen = bytearray(_REMEMBERED // 8)  # a bit for each id, modulo _REMEMBERED
        self.reset()

    def reset(self) -> None:
        """A new session: no id has been seen."""
        self._newest = -1

    def seen(self, edge_id: int) -> bool:
        """Has this u16 id come before? Marks it as seen. An id older than those remembered counts as seen. HOT."""
        ahead = (((edge_id - self._newest) & 0xFFFF) ^ 0x8000) - 0x8000
        if self._newest < 0 or ahead > _MAX_JUMP or ahead < -_MAX_JUMP:
            self._forget(edge_id, _REMEMBERED)
            self._newest = edge_id
        elif ahead > 0:
            self._forget(edge_id, ahead)
            self._newest = edge_id
        elif ahead <= -_REMEMBERED:
            return True
        return self._mark(edge_id)

    def _forget(self, edge_id: int, count: int) -> None:
        """The places of the newest `count` ids up to this one held ids that are too old now."""
        if count >= _REMEMBERED:  # byte by byte: a session's first edge comes while frames are drawn
            count = 0
            for at in range(_REMEMBERED >> 3):
                self._seen[at] = 0
        while count > 0:
            count -= 1
            place = (edge_id - count) & (_REMEMBERED - 1)
            self._seen[place >> 3] &= ~(1 << (place & 7)) & 0xFF

    def _mark(self, edge_id: int) -> bool:
        """Mark the id; was it marked before?"""
        place = edge_id & (_REMEMBERED - 1)
        bit = 1 << (place & 7)
        if self._seen[place >> 3] & bit:
            return True
        self._seen[place >> 3] |= bit
        return False
