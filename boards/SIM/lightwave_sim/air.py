"""What the air does to packets: a model of WiFi for one direction of one link, by virtual time and a seed.

Delays are log-normal, in order, and longer while somebody else's burst holds the channel; loss comes in runs
(Gilbert-Elliott); a stall holds back everything, and a station that dozes gets its packets with the next beacon. The
figures of the profiles are our own choice: `good` is a quiet channel at a few metres, `loaded` one that others use,
`bad` one that is crowded and at the edge of reach. README.md of this board has them as a table. No claim is made that
your channel is like one of them; play back a trace of it (trace.py).
"""

import math
import random
from dataclasses import dataclass

BEACON_S = 0.1024
RETRANSMISSION_S = 0.2  # what a lost segment costs a TCP connection


@dataclass(frozen=True)
class Weather:
    """Percentages are of datagrams; `*_every_s` is a mean distance in time, 0 for never."""

    delay_ms: float = 0.0  # median
    delay_sigma: float = 0.0  # of its logarithm
    burst_every_s: float = 0.0
    burst_ms: float = 0.0  # mean duration
    burst_factor: float = 1.0  # of delays in a burst
    loss_pct: float = 0.0  # each datagram for itself
    fade_every: float = 0.0  # mean number of datagrams between two fades
    fade_length: float = 1.0  # mean number of datagrams in a fade
    fade_loss_pct: float = 0.0  # of datagrams in a fade
    reorder_pct: float = 0.0  # of datagrams that let those behind them pass
    duplicate_pct: float = 0.0
    stall_every_s: float = 0.0
    stall_ms: float = 0.0
    doze_every_s: float = 0.0  # how often a station dozes off: packets to it wait for its access point's beacon
    doze_s: float = 0.0  # mean duration
    jitter_ms: float = 0.0  # besides, each datagram waits 0 to this long, whatever the others do

    def mean_loss_pct(self) -> float:
        """Of independent loss and fades together."""
        faded = self.fade_length / (self.fade_length + self.fade_every) if self.fade_every else 0.0
        return 100 * (1 - (1 - self.loss_pct / 100) * (1 - faded * self.fade_loss_pct / 100))


PROFILES = {
    "good": Weather(
        delay_ms=1.2, delay_sigma=0.35, burst_every_s=5, burst_ms=20, burst_factor=3, fade_every=1500, fade_length=2,
        fade_loss_pct=50,
    ),
    "loaded": Weather(
        delay_ms=3, delay_sigma=0.6, burst_every_s=1, burst_ms=60, burst_factor=4, fade_every=200, fade_length=4,
        fade_loss_pct=70, reorder_pct=0.1, duplicate_pct=0.1, stall_every_s=20, stall_ms=100,
    ),
    "bad": Weather(
        delay_ms=6, delay_sigma=0.9, burst_every_s=0.5, burst_ms=100, burst_factor=4, fade_every=40, fade_length=5,
        fade_loss_pct=70, reorder_pct=0.5, duplicate_pct=0.5, stall_every_s=8, stall_ms=100, doze_every_s=10, doze_s=1,
    ),
}  # fmt: skip


class Air:
    """One direction of one link. `fates` is called with times that never go back; seconds of any clock."""

    def __init__(self, weather: Weather, seed: str, *, to_station: bool = True) -> None:
        self._weather = weather
        self._random = random.Random(seed)
        self._to_station = to_station
        self._fading = False
        self._last_s = 0.0  # arrival of the newest that kept its place
        self._burst = _Spells(self._random, weather.burst_every_s, weather.burst_ms / 1000)
        self._stall = _Spells(self._random, weather.stall_every_s, weather.stall_ms / 1000, fixed=True)
        self._doze = _Spells(self._random, weather.doze_every_s if to_station else 0, weather.doze_s)

    def fates(self, now_s: float) -> list[float]:
        """The arrivals of a datagram sent now: none when it is lost, two when it comes twice."""
        arrival_s = self._arrival_s(now_s)
        if self._is_lost():
            return []
        if self._random.random() * 100 < self._weather.duplicate_pct:
            return [arrival_s, self._arrival_s(now_s)]
        return [arrival_s]

    def arrival_in_order_s(self, now_s: float) -> float:
        """The arrival of a run of TCP bytes: what is lost is sent again, and nothing overtakes."""
        arrival_s = self._arrival_s(now_s) + (RETRANSMISSION_S if self._is_lost() else 0.0)
        self._last_s = max(self._last_s, arrival_s)
        return self._last_s

    def _arrival_s(self, now_s: float) -> float:
        weather = self._weather
        delay_s = weather.delay_ms / 1000 * math.exp(weather.delay_sigma * self._random.gauss(0, 1))
        if self._burst.end_s(now_s) is not None:
            delay_s *= weather.burst_factor
        begin_s = now_s
        if (doze_end_s := self._doze.end_s(now_s)) is not None:
            begin_s = min(doze_end_s, (now_s // BEACON_S + 1) * BEACON_S)
        if (stall_end_s := self._stall.end_s(begin_s)) is not None:
            begin_s = stall_end_s
        arrival_s = begin_s + delay_s
        if self._random.random() * 100 < weather.reorder_pct:
            arrival_s += 2 * delay_s  # those behind it pass
        else:
            arrival_s = self._last_s = max(self._last_s, arrival_s)
        return arrival_s + self._random.random() * weather.jitter_ms / 1000

    def _is_lost(self) -> bool:
        weather = self._weather
        if weather.fade_every:
            turn = 1 / (weather.fade_length if self._fading else weather.fade_every)
            if self._random.random() < turn:
                self._fading = not self._fading
        faded = self._fading and self._random.random() * 100 < weather.fade_loss_pct
        return self._random.random() * 100 < weather.loss_pct or faded


class _Spells:
    """Spells of something that begin at random, `every_s` apart on average, and last `lasting_s` on average."""

    def __init__(self, draws: random.Random, every_s: float, lasting_s: float, *, fixed: bool = False) -> None:
        self._random = draws
        self._every_s = every_s
        self._lasting_s = lasting_s
        self._fixed = fixed
        self._begin_s = math.inf
        self._end_s = -math.inf

    def end_s(self, now_s: float) -> float | None:
        """When the spell ends that now is in; None outside."""
        if not self._every_s or not self._lasting_s:
            return None
        if self._begin_s == math.inf:
            self._plan(now_s)
        while now_s >= self._end_s:
            self._plan(self._end_s)
        return self._end_s if now_s >= self._begin_s else None

    def _plan(self, after_s: float) -> None:
        self._begin_s = after_s + self._random.expovariate(1 / self._every_s)
        self._end_s = self._begin_s + (
            self._lasting_s if self._fixed else self._random.expovariate(1 / self._lasting_s)
        )
