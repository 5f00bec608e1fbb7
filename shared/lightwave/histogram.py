"""Percentiles of durations in fixed memory, for figures that a hot loop collects."""

from array import array


class Histogram:
    """Counts durations of 0..`limit_us` in at most `buckets` buckets; longer ones share one more.

    Every power of two is divided into the same number of steps (1 to 128, as many as fit into `buckets`), so a
    percentile is off by at most `error_permille` of itself, and by nothing below 2 * steps us. 256 buckets give 16
    steps, 3.2 %, up to half a second."""

    def __init__(self, limit_us: int, buckets: int = 256) -> None:
        steps_log2 = 7
        while _bucket(limit_us, steps_log2) >= buckets:
            steps_log2 -= 1
            if steps_log2 < 0:
                raise ValueError("too few buckets for limit_us")
        self.error_permille = -(-500 >> steps_log2)  # half a bucket, rounded up
        self._steps_log2 = steps_log2
        self._limit = limit_us
        self._counts = array("I", [0] * (_bucket(limit_us, steps_log2) + 2))
        self.reset()

    def reset(self) -> None:
        """Forget everything. HOT."""
        self.count = 0
        self.worst = 0
        for i in range(len(self._counts)):
            self._counts[i] = 0

    def add(self, us: int) -> None:
        """Count one duration; less than 0 counts as 0. HOT."""
        if us < 0:
            us = 0
        if us > self.worst:
            self.worst = us
        self.count += 1
        place = _bucket(us, self._steps_log2) if us <= self._limit else len(self._counts) - 1
        self._counts[place] += 1

    def percentile(self, percent) -> int:
        """The duration that `percent` (0..100) of those counted do not exceed, in us; 0 when there are none."""
        wanted = self.count * percent / 100
        below = 0
        for place in range(len(self._counts) - 1):
            below += self._counts[place]
            if below and below >= wanted:
                return min(self._middle(place), self.worst)
        return self.worst

    def _middle(self, place: int) -> int:
        steps = 1 << self._steps_log2
        if place < 2 * steps:
            return place
        octave = (place >> self._steps_log2) - 1
        return ((steps + place % steps) << octave) + (1 << octave >> 1)


def _bucket(us: int, steps_log2: int) -> int:
    octave = 0
    while us >> octave >= 2 << steps_log2:
        octave += 1
    return (octave << steps_log2) + (us >> octave)
