"""Wrong tokens, counted by address: after some in a row, no token from there is looked at for a while."""

import time
from collections import OrderedDict
from collections.abc import Callable

BURST = 10  # wrong tries that are free
REFILL_S = 6.0  # then one more each
MAX_ADDRESSES = 1024  # the one that was wrong longest ago is forgotten first


class Tries:
    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._free: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tries left, and when that was so

    def wait_s(self, address: str) -> float:
        """How long until a token from there is looked at; usually 0."""
        left = self._left(address)
        return 0.0 if left >= 1 else (1 - left) * REFILL_S

    def failed(self, address: str) -> None:
        left = self._left(address)
        self._free[address] = (left - 1, self._now_s())
        self._free.move_to_end(address)
        if len(self._free) > MAX_ADDRESSES:
            self._free.popitem(last=False)

    def _left(self, address: str) -> float:
        left, since_s = self._free.get(address, (float(BURST), 0.0))
        return min(float(BURST), left + (self._now_s() - since_s) / REFILL_S)
