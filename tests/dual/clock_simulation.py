"""Two clocks and a link between them, for the tests of time sync. Integers only; both interpreters."""

from dual_support import Random

from lightwave import ticks
from lightwave.timesync import TimeSync


class Link:
    """Delays in us: `base` each way, more by chance on the way `up` (ping) and `down` (pong), rare spikes."""

    def __init__(self, base=300, up=100, down=100, spike_permille=0, spike=0, loss_permille=0) -> None:
        self.base = base
        self.up = up
        self.down = down
        self.spike_permille = spike_permille
        self.spike = spike
        self.loss_permille = loss_permille

    def delay(self, random: Random, jitter: int) -> int:
        delay = self.base + random.below(jitter + 1) * random.below(1001) // 1000
        if random.below(1000) < self.spike_permille:
            delay += random.below(self.spike)
        return delay

    def loses(self, random: Random) -> bool:
        return random.below(1000) < self.loss_permille


class LogNormal(Link):
    """Log-normal delays beyond `base`, as WiFi has them: `up` and `down` are medians, `octaves` one standard deviation,
    in 1/256 (369 is a sigma of 1)."""

    def __init__(self, base, up, down, octaves, loss_permille=0) -> None:
        super().__init__(base, up, down, 0, 0, loss_permille)
        self.octaves = octaves

    def delay(self, random: Random, jitter: int) -> int:
        normal = -1530  # twelve uniform numbers make a nearly normal one, with a standard deviation of 256
        for _ in range(12):
            normal += random.below(256)
        exponent = normal * self.octaves >> 8
        delay = jitter * (256 + (exponent & 255)) >> 8  # 2^x is nearly 1 + x between 0 and 1
        whole = exponent >> 8
        return self.base + (delay << whole if whole > 0 else delay >> -whole)


QUIET = Link()
WIFI = Link(base=1000, up=6000, down=4000, spike_permille=30, spike=60000)
LOPSIDED = Link(base=500, up=0, down=10000)
CROWDED = LogNormal(base=300, up=1000, down=500, octaves=369, loss_permille=100)


class Simulation:
    """A TimeSync on a local clock `skew_ppm` fast, started `hub_at` and `local_at` into the two clocks."""

    def __init__(self, link=QUIET, skew_ppm=0, hub_at=0, local_at=0, seed=1) -> None:
        self.link = link
        self.skew_ppm = skew_ppm
        self.hub_at = hub_at
        self.local_at = local_at
        self.random = Random(seed)
        self.now = 0  # true microseconds; the hub's clock is the true one
        self.connected = True
        self.sync = TimeSync()
        self._pongs = []  # (arrival, seq, t1, t2)
        self._next_tick = 0
        self.sync.start(self.local(), epoch=7)

    def hub(self) -> int:
        return self.hub_at + self.now

    def local(self) -> int:
        return (self.local_at + self.now + self.now * self.skew_ppm // 1000000) % ticks.PERIOD

    def error(self) -> int:
        """How far the estimate is off now, in us."""
        return ticks.diff(self.sync.to_local(self.hub() % ticks.PERIOD), self.local())

    def step(self) -> None:
        """To the next thing that happens: a ping, a pong, or the 10 ms tick of the control thread."""
        times = [self._next_tick, self.now + self.sync.next_ping_in(self.local())]
        if self._pongs:
            times.append(self._pongs[0][0])
        self.now = max(self.now, min(times))
        if self._pongs and self._pongs[0][0] <= self.now:
            _, seq, t1, t2 = self._pongs.pop(0)
            self.sync.pong(seq, t1, t2, self.local())
        if self.now >= self._next_tick:
            self._next_tick = self.now + 10000
            self.sync.tick(self.local())
        if self.sync.next_ping_in(self.local()) == 0:
            self._ping()

    def _ping(self) -> None:
        t1 = self.local()
        seq = self.sync.ping(t1)
        if self.connected and not self.link.loses(self.random):
            at_hub = self.link.delay(self.random, self.link.up)
            arrival = self.now + at_hub + self.link.delay(self.random, self.link.down)
            self._pongs.append((arrival, seq, t1, self.hub() + at_hub))
            self._pongs.sort(key=lambda pong: pong[0])

    def run(self, us: int) -> None:
        end = self.now + us
        while self.now < end:
            self.step()

    def run_until_locked(self, limit_us: int) -> int:
        """How long it took; the limit when it did not lock."""
        start = self.now
        while not self.sync.locked and self.now - start < limit_us:
            self.step()
        return self.now - start

    def most_beyond_bound(self, us: int) -> int:
        """By how much the error exceeds its bound at most in the next `us`, while locked; 0 or less: never."""
        end = self.now + us
        most = -ticks.HALF
        while self.now < end:
            self.step()
            if self.sync.locked:
                most = max(most, abs(self.error()) - self.sync.bound_us)
        return most

    def worst_error(self, us: int) -> int:
        """The largest error in the next `us`."""
        end = self.now + us
        worst = 0
        while self.now < end:
            self.step()
            worst = max(worst, abs(self.error()))
        return worst
