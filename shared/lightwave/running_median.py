"""The median of the last few values, without allocation."""


class RunningMedian:
    """Of the last `size` integers. One thread."""

    def __init__(self, size: int) -> None:
        self._ring = [0] * size
        self._sorted = [0] * size
        self.clear()

    def clear(self) -> None:
        self.count = 0
        self.newest = 0
        self.middle = 0  # the upper one of two
        self._next = 0

    def add(self, value: int) -> None:
        if self.count == len(self._ring):
            self._remove(self._ring[self._next])
        self._insert(value)
        self._ring[self._next] = value
        self._next = (self._next + 1) % len(self._ring)
        self.newest = value
        self.middle = self._sorted[self.count // 2]

    def _remove(self, value: int) -> None:
        at = 0
        while self._sorted[at] != value:
            at += 1
        self.count -= 1
        while at < self.count:
            self._sorted[at] = self._sorted[at + 1]
            at += 1

    def _insert(self, value: int) -> None:
        at = self.count
        self.count += 1
        while at and self._sorted[at - 1] > value:
            self._sorted[at] = self._sorted[at - 1]
            at -= 1
        self._sorted[at] = value
