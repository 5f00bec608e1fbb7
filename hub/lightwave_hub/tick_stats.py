"""What the ticks did: counters, and the lateness of the last thousands of them."""

from array import array
from collections.abc import Sequence

from lightwave import constants

PERIOD_US = 1_000_000 // constants.UDP_TICK_HZ
KEPT = 20 * constants.UDP_TICK_HZ  # more would take long to sort, with the GIL held


class TickStats:
    """Written by the tick thread, read by any: a reader may see a tick half counted, no harm to a statistic."""

    def __init__(self) -> None:
        self.ticks = 0
        self.overruns = 0  # ticks not finished when the next was due
        self.skipped = 0  # ticks never sent because their time was over
        self.datagrams = 0
        self.bytes_sent = 0
        self.send_errors = 0
        self.failures = 0  # ticks that raised an exception
        self.newest_deadline_us = 0
        self._deadline_us = array("q", bytes(8 * KEPT))
        self._lateness_us = array("q", bytes(8 * KEPT))
        self._send_us = array("q", bytes(8 * KEPT))

    def note(self, deadline_us: int, first_us: int, last_us: int) -> None:
        """A tick due at `deadline_us` began to send at `first_us` and was through at `last_us`."""
        place = self.ticks % KEPT
        self._deadline_us[place] = deadline_us
        self._lateness_us[place] = first_us - deadline_us
        self._send_us[place] = last_us - deadline_us
        self.newest_deadline_us = deadline_us
        self.ticks += 1
        if last_us >= deadline_us + PERIOD_US:
            self.overruns += 1

    def lateness_us(self, *percents: float) -> list[int | None]:
        """Percentiles of deadline to first packet, over the ticks kept."""
        return percentiles(self._lateness_us[: min(self.ticks, KEPT)], percents)

    def send_us(self, *percents: float) -> list[int | None]:
        """Percentiles of deadline to last packet, over the ticks kept."""
        return percentiles(self._send_us[: min(self.ticks, KEPT)], percents)

    def hz(self, now_us: int) -> float:
        """Ticks sent in the last second, or since the start if that is less."""
        window = min(self.ticks, constants.UDP_TICK_HZ)
        if window < 2:
            return 0.0
        oldest = self._deadline_us[(self.ticks - window) % KEPT]
        span_us = max(self.newest_deadline_us - oldest, now_us - oldest - PERIOD_US)
        return round((window - 1) * 1_000_000 / span_us, 1)


def percentiles(values: Sequence[int], percents: Sequence[float]) -> list[int | None]:
    """Nearest-rank percentiles; None for each where there are no values."""
    ordered = sorted(values)
    return [_nearest_rank(ordered, percent) for percent in percents]


def _nearest_rank(ordered: Sequence[int], percent: float) -> int | None:
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
