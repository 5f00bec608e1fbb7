"""Each edge is sent three times; this lets the first one through."""

from .compat import const

_REMEMBERED = const(30)  # as many as a small integer has bits; a hub sends at most four edges a tick
_MAX_JUMP = const(1000)  # beyond that the hub numbers anew
_ALL = const(0x3FFFFFFF)


class EdgeFilter:
    """Remembers the newest edge id and, as bits, which of the 29 before it were seen. One thread."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """A new session: no id has been seen."""
        self._newest = -1
        self._seen = 0  # bit n: the id n before the newest

    def seen(self, edge_id: int) -> bool:
        """Has this u16 id come before? Marks it as seen. An id older than those remembered counts as seen. HOT."""
        if self._newest < 0:
            return self._restart(edge_id)
        ahead = (((edge_id - self._newest) & 0xFFFF) ^ 0x8000) - 0x8000
        if ahead > _MAX_JUMP or ahead < -_MAX_JUMP:
            return self._restart(edge_id)
        if ahead > 0:
            kept = (self._seen & (_ALL >> ahead)) << ahead if ahead < _REMEMBERED else 0
            self._seen = kept | 1
            self._newest = edge_id
            return False
        if ahead <= -_REMEMBERED:
            return True
        bit = 1 << -ahead
        if self._seen & bit:
            return True
        self._seen |= bit
        return False

    def _restart(self, edge_id: int) -> bool:
        self._newest = edge_id
        self._seen = 1
        return False
