from dual_support import Random, cases, no_allocation

from lightwave import ticks
from lightwave.clock_fit import MAX_SKEW, SKEW_SHIFT, ClockFit

PERIOD_US = 200000


class Way:
    """Exchanges between a true clock and one that gains `skew_ppm`, begun at any point of both."""

    def __init__(self, skew_ppm, hub_at, local_at, seed=1):
        self.skew_ppm = skew_ppm
        self.hub_at = hub_at
        self.local_at = local_at
        self.random = Random(seed)
        self.now = 0
        self.fit = ClockFit()
        self.fit.clear(self.local())
        self.fit.step_to(self.truth())

    def local(self):
        return (self.local_at + self.now + self.now * self.skew_ppm // 1000000) % ticks.PERIOD

    def truth(self):
        return (self.local() - self.hub_at - self.now) % ticks.PERIOD

    def exchange(self, jitter_us):
        """One after another period; what is added allocates nothing."""
        self.now += PERIOD_US
        t1 = self.local()
        self.now += 500 + self.random.below(jitter_us + 1)
        hub = (self.hub_at + self.now) % ticks.PERIOD
        self.now += 500 + self.random.below(jitter_us + 1)
        t3 = self.local()
        with no_allocation:
            self.fit.age(t3)
            self.fit.add(t1, hub, hub, t3)

    def error(self):
        self.fit.age(self.local())
        return abs(ticks.diff(self.fit.offset, self.truth()))


WAYS = (  # skew_ppm, hub_at, local_at
    ("same", 0, 0, 0),
    ("fast", 60, 7, 99),
    ("slow", -60, 99, 7),
    ("beyond_any_crystal", 100, 5, 5),
    ("local_wraps", 30, 5, ticks.PERIOD - 40 * PERIOD_US),
    ("hub_wraps", -30, ticks.PERIOD - 40 * PERIOD_US, 5),
)


@cases(globals(), WAYS)
def test_it_finds_offset_and_skew(skew_ppm, hub_at, local_at):
    way = Way(skew_ppm, hub_at, local_at)
    for _ in range(150):
        way.exchange(3000)
    worst = 0
    for _ in range(150):
        way.exchange(3000)
        worst = max(worst, way.error())
        assert way.error() <= way.fit.bound_us
    assert worst <= 100
    assert abs(way.fit.skew * 1000000 / (1 << SKEW_SHIFT) - skew_ppm) <= 2


def test_slow_ways_do_not_move_the_line():
    way = Way(20, 0, 0)
    for _ in range(200):
        way.exchange(200)
    for _ in range(7):  # of each eight only the fastest counts
        way.exchange(50000)
    assert way.error() <= 50


def test_a_cleared_fit_keeps_its_line():
    way = Way(50, 0, 0)
    for _ in range(200):
        way.exchange(200)
    skew = way.fit.skew
    way.fit.clear(way.local())
    assert way.fit.points == 0 and way.fit.skew == skew
    way.now += 20 * 1000000
    assert way.error() <= 60


def test_points_older_than_the_sums_can_hold_are_forgotten():
    way = Way(40, 0, 0)
    for _ in range(200):
        way.exchange(200)
    for _ in range(4):  # ten minutes
        way.now += 150 * 1000000
        way.fit.age(way.local())
    for _ in range(9):
        way.exchange(200)
    assert way.fit.points == 1 and way.error() <= 200
    assert abs(way.fit.skew * 1000000 / (1 << SKEW_SHIFT) - 40) <= 5


def test_the_bound_of_the_skew_narrows():
    way = Way(-40, 0, 0)
    bounds = []
    for _ in range(4):
        for _ in range(80):
            way.exchange(1000)
        bounds.append(way.fit.skew_bound_ppm)
        assert abs(way.fit.skew * 1000000 / (1 << SKEW_SHIFT) + 40) <= way.fit.skew_bound_ppm
    assert bounds[0] > bounds[-1] and bounds[-1] <= 5


def test_a_block_that_a_silence_interrupts_begins_anew():
    """Its way there would be of before, its way back of after; what the clock gained between would look like speed."""
    for gained_ppm in (100, -100):
        way = Way(gained_ppm, 0, 0)
        for _ in range(5):
            way.exchange(200)
        for _ in range(540):
            way.now += 1000000
            way.fit.age(way.local())
        for _ in range(8):
            way.exchange(200)
        assert way.fit.points == 1 and way.fit.fastest_us >= 800
        assert way.error() <= way.fit.bound_us


def test_the_worst_that_may_come_stays_within_small_integers():
    """Round trips of a second, ways that contradict each other, clocks that race, long silences: on MicroPython an
    intermediate beyond 31 bits would be an allocation, and raise."""
    for seed, skew_ppm in ((1, 0), (2, 20000), (3, -20000)):
        way = Way(skew_ppm, 5, ticks.PERIOD - 1000000, seed)
        for number in range(400):
            way.exchange(499000 if way.random.below(4) else 0)
            if number % 50 == 49:
                way.now += way.random.below(260) * 1000000
        assert abs(way.fit.skew) <= MAX_SKEW


def test_the_widest_ring_stays_within_small_integers():
    """64 points of full weight over 256 s, the older half of them 3 ms from the newer: the largest sums of a fit."""
    way = Way(0, 5, ticks.PERIOD - 1000000)
    for number in range(192):
        for _ in range(8):
            way.exchange(0)
        way.now += 2400000
        if number % 32 == 31:
            way.hub_at += 3000 if number % 64 == 31 else -3000
    assert way.fit.points == 64
