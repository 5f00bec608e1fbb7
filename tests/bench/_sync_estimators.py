"""Our estimate of the hub's clock and three simpler ones, fed the very same exchanges, by virtual time.

The air is lightwave_sim.air's, both clocks are known exactly, so the error is the estimator's and the air's alone: no
host is in it. The hub's clock is the true one; all times here are in microseconds.
"""

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any, Protocol

from lightwave import packets, ticks
from lightwave.constants import TS_LOCK_SAMPLES_N
from lightwave.timesync import TimeSync
from lightwave_sim.air import PROFILES, Air
from tests.bench._common import percentile

SETTLED_US = 60_000_000  # the line is as long as it gets after a minute; errors of before and after are kept apart
LOOK_US = 50_000
WANDER_PPM, WANDER_PERIOD_US = 2, 600_000_000
WRAP = 1 << 30


class Estimator(Protocol):
    def add(self, t1: int, t2: int, t3: int) -> None: ...
    def offset(self) -> float: ...


class LastSample:
    """The newest exchange is believed."""

    def __init__(self) -> None:
        self._offset = 0.0

    def add(self, t1: int, t2: int, t3: int) -> None:
        self._offset = t3 - (t2 + (t3 - t1) / 2)

    def offset(self) -> float:
        return self._offset


class LowPass:
    """The specification's: a low-pass filter, which it does not describe; here each sample moves it by a tenth."""

    def __init__(self) -> None:
        self._offset: float | None = None

    def add(self, t1: int, t2: int, t3: int) -> None:
        sample = t3 - (t2 + (t3 - t1) / 2)
        self._offset = sample if self._offset is None else self._offset + (sample - self._offset) / TS_LOCK_SAMPLES_N

    def offset(self) -> float:
        return self._offset or 0.0


class Median200:
    """The median of the last 200 samples."""

    def __init__(self) -> None:
        self._samples: deque[float] = deque(maxlen=200)

    def add(self, t1: int, t2: int, t3: int) -> None:
        self._samples.append(t3 - (t2 + (t3 - t1) / 2))

    def offset(self) -> float:
        return median(self._samples) if self._samples else 0.0


@dataclass
class Run:
    """Errors of each estimator, and what TimeSync did. `lock_us` from the first ping, None if it never locked."""

    ours_at_first: list[float]
    ours: list[float]
    baselines: dict[str, list[float]]
    lock_us: int | None
    relock_us: int | None
    false_locks: int
    beyond_bound: int
    looks: int


class World:
    """A node whose clock gains `skew_ppm` (and wanders by 2 ppm in ten minutes), its hub, and the air between them."""

    def __init__(self, profile: str, seed: int, skew_ppm: float) -> None:
        draws = random.Random(f"{profile} {seed}")
        self.now = 0
        self._up = Air(PROFILES[profile], f"{seed} up", to_station=False)
        self._down = Air(PROFILES[profile], f"{seed} down")
        self._local_at = draws.randrange(WRAP)
        self._hub_at = draws.randrange(1 << 40)
        self._skew_ppm = skew_ppm
        self._gained = 0.0
        self._gained_to = 0
        self.sync = TimeSync()
        self.baselines: dict[str, Estimator] = {"lpf": LowPass(), "last": LastSample(), "median": Median200()}
        self.sync.start(self.local() % WRAP, 1)

    def local(self) -> int:
        """Without wrapping."""
        self._gained += (self.now - self._gained_to) * self._skew_ppm * 1e-6
        self._gained_to = self.now
        return self._local_at + self.now + round(self._gained)

    def wander(self, since_us: int, begun_us: int) -> None:
        rising = (self.now - begun_us) // WANDER_PERIOD_US % 2 == 0
        step_ppm = WANDER_PPM * (self.now - since_us) / WANDER_PERIOD_US
        self._skew_ppm += step_ppm if rising else -step_ppm

    def hub(self) -> int:
        return self._hub_at + self.now

    def step_hub(self, by_us: int) -> None:
        self._hub_at += by_us

    def exchange(self) -> None:
        """One ping and, if the air lets it, its pong."""
        t1 = self.local()
        seq = self.sync.ping(t1 % WRAP)
        there = self._up.fates(self.now / 1e6)
        if not there:
            return
        sent_at = self.now
        self.now = max(self.now, round(there[0] * 1e6))
        t2 = self.hub()
        back = self._down.fates(self.now / 1e6)
        if not back:
            self.now = sent_at
            return
        self.now = round(back[0] * 1e6)
        t3 = self.local()
        pong = bytearray(packets.TS_SIZE)
        packets.pack_ts(pong, packets.TS_PONG, 1, seq, 0, t1 % WRAP, t2, 0)
        self.sync.pong_packet(pong, t3 % WRAP)
        for estimator in self.baselines.values():
            estimator.add(t1, t2, t3)

    def errors(self) -> tuple[float, dict[str, float]]:
        """Ours, and the baselines'; the true offset is local - hub."""
        local, hub = self.local(), self.hub()
        ours = abs(ticks.diff(self.sync.to_hub(local % WRAP), hub % WRAP))
        return ours, {name: abs(each.offset() - (local - hub)) for name, each in self.baselines.items()}

    def looks(self, until: int) -> Iterator[None]:
        """Go on to `until`, exchanging when it is time, with a look every LOOK_US."""
        begun = self.now
        while self.now < until:
            since = self.now
            wait_us = self.sync.next_ping_in(self.local() % WRAP)
            if wait_us == 0:
                self.exchange()
            else:
                self.now += min(wait_us, LOOK_US)
            self.sync.tick(self.local() % WRAP)
            self.wander(since, begun)
            yield


def simulate(profile: str, seed: int, skew_ppm: float, seconds: float) -> Run:
    world = World(profile, seed, skew_ppm)
    run = Run([], [], {name: [] for name in world.baselines}, None, None, 0, 0, 0)
    for _ in world.looks(round(seconds * 1e6)):
        if world.sync.locked and run.lock_us is None:
            run.lock_us = world.now
            run.false_locks += world.errors()[0] > 3000
        if world.sync.locked and world.now < SETTLED_US:
            run.ours_at_first.append(world.errors()[0])
        elif world.sync.locked:
            ours, others = world.errors()
            run.ours.append(ours)
            run.looks += 1
            run.beyond_bound += ours > world.sync.bound_us
            for name, error in others.items():
                run.baselines[name].append(error)
    run.relock_us = _relock(world)
    return run


def _relock(world: World) -> int | None:
    """The hub's clock steps by 50 ms: how long until the node is locked to the new one."""
    world.step_hub(50_000)
    begun = world.now
    unlocked = False
    for _ in world.looks(begun + 30_000_000):
        unlocked = unlocked or not world.sync.locked
        if unlocked and world.sync.locked:
            return world.now - begun if world.errors()[0] < 3000 else None
    return None


def measure(profile: str, hours: float, nodes: int) -> dict[str, Any]:
    """`nodes` runs that share `hours` of simulated time, with clocks up to 40 ppm off either way."""
    runs = [
        simulate(profile, seed, 40 * (2 * seed / max(1, nodes - 1) - 1), hours * 3600 / nodes) for seed in range(nodes)
    ]
    ours = [error for run in runs for error in run.ours]
    locks = [run.lock_us for run in runs if run.lock_us is not None]
    relocks = [run.relock_us for run in runs if run.relock_us is not None]
    at_first = [error for run in runs for error in run.ours_at_first]
    figures: dict[str, Any] = {"error_us": _percentiles(ours), "error_first_minute_us": _percentiles(at_first)}
    for name in runs[0].baselines:
        figures[f"baseline_{name}_us"] = _percentiles([error for run in runs for error in run.baselines[name]])
    beyond = sum(run.beyond_bound for run in runs) / max(1, sum(run.looks for run in runs))
    figures["within_bound_pct"] = round(100 - 100 * beyond, 3)
    figures["simulated_h"] = hours
    figures["never_locked"] = nodes - len(locks)
    figures["lock_s"] = {name: _seconds(percentile(locks, share)) for name, share in (("p50", 50), ("max", 100))}
    figures["relock_s"] = {name: _seconds(percentile(relocks, share)) for name, share in (("p50", 50), ("max", 100))}
    figures["false_locks"] = sum(run.false_locks for run in runs)
    return figures


def _percentiles(errors: list[float]) -> dict[str, float | None]:
    return {f"p{share}": percentile(errors, share) for share in (50, 95, 99)}


def _seconds(value_us: float | None) -> float | None:
    return None if value_us is None else round(value_us / 1e6, 3)
