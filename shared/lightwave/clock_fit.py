"""A straight line through clock samples: how far the local clock is ahead of the hub's, and by how much it gains.

Delays are only ever too long, so of eight exchanges the fastest way there and the fastest way back tell most; they need
not belong to the same exchange. Half-way between the two lies one point. A ring keeps 64 of them (100 s), and a line is
fitted through it by least squares. A point weighs the less the longer its round trip took beyond the fastest one, and
the older it is; one that contradicts the fastest by more than its delay explains is left out.

30-bit integers; nothing but creation allocates. A fit is spread over the eight samples of a block: 25 looks at points
for each sample.
"""

from . import ticks
from .compat import const

SKEW_SHIFT = const(25)  # skews are in units of 2^-25, 0.03 ppm
MAX_SKEW = const(6711)  # 200 ppm

_BLOCK = const(8)
_POINTS = const(64)
_FEW = const(8)  # below, the block that is not complete counts as a point, and each sample makes a fit
_LOOKS = const(25)  # 3 looks at 64 points are over in 8 samples, at 8 points in one
_BLOCK_MAX_US = const(8000000)  # between ways further apart, drift would pass for speed
_MAX_AGE_US = const(0x10000000)  # 268 s: older points are forgotten, and the sums below stay small
_FAR = const(0x1FFFFFFF)
_TRIM_US = const(1500)
_CLIP_US = const(8191)
_CLIP_SLOPE = const(2047)
_WEIGHT = const(1024)
_MIN_SCALE = const(6)  # a round trip 2 * 2^scale us over the fastest has half of its weight
_MAX_SCALE = const(10)
_LEAST_BOUND_US = const(20)
_SURE_SHIFT = const(4)  # of every 16 points half as much is taken to be chance, up to 32

# Steps of a fit, and what is looked at in each.
_FASTEST = const(0)
_WEIGHTS = const(1)
_SLOPE = const(2)


class ClockFit:
    """Owned by one thread; others may read `offset`. Samples that cannot be true are the caller's to keep out.

    offset         local - hub now, modulo 2^30; `age` keeps it so
    skew           what the local clock gains on the hub's, in 2^-25
    points         in the ring
    fastest_us     round trip of the fastest point
    bound_us       how wrong the offset can be, from what the points themselves allow
    skew_bound_ppm how wrong the skew can be
    """

    def __init__(self) -> None:
        self.offset = 0
        self.skew = 0
        self._expected_skew = 0
        self._aged_to = 0
        self._rest = 0
        # One more than the ring holds: the last is made of the samples of a block that is not complete.
        self._at = [0] * (_POINTS + 1)
        self._offsets = [0] * (_POINTS + 1)
        self._rtts = [0] * (_POINTS + 1)
        self._weights = [0] * (_POINTS + 1)
        self._ages = [0] * (_POINTS + 1)
        self._errors = [0] * (_POINTS + 1)
        self._sure_of_skew = False
        # The fastest of the block so far: there, and back.
        self._there = self._there_at = 0
        self._back = self._back_at = 0
        self._block_at = 0  # when its first came
        # A fit under way. All that is ever set is made here: a growing instance would allocate.
        self._now = self._best = self._base = self._scale = self._trim_us = self._mean_us = 0
        self._sum = self._sum_ages = self._sum_errors = self._mean_age = self._mean_error = 0
        self._most = self._least = self._squares = self._products = self._last = 0
        self.points = 0
        self.clear(0)

    def clear(self, now: int) -> None:
        """Forget all samples. The line stays, as what is expected."""
        self._sure_of_skew = self._sure_of_skew or self.points >= _POINTS // 2
        self.points = 0
        self.fastest_us = _FAR
        self.bound_us = _FAR
        self.skew_bound_ppm = 50
        self._expected_skew = self.skew
        self._newest = -1
        self._samples = 0
        self._step = _FASTEST
        self._look = -1
        self._aged_to = now
        self._rest = 0

    def forget_skew(self) -> None:
        """The other clock is another one."""
        self.skew = self._expected_skew = 0
        self._sure_of_skew = False

    def step_to(self, offset: int) -> None:
        """Let the line go through `offset` now."""
        self.offset = offset

    def age(self, now: int) -> None:
        """Move the offset along the line to `now`. At least once a minute, or points that are too old look new."""
        units = ticks.diff(now, self._aged_to) >> 6
        while units > 0:
            step = min(units, 0xFFFF)
            units -= step
            self._aged_to = ticks.add(self._aged_to, step << 6)
            self._rest += self.skew * step
            self.offset = ticks.add(self.offset, self._rest >> (SKEW_SHIFT - 6))
            self._rest &= (1 << (SKEW_SHIFT - 6)) - 1
        if self.points and ticks.diff(now, self._at[self._newest]) >= _MAX_AGE_US:
            self.clear(now)
        if ticks.diff(now, self._block_at) >= _BLOCK_MAX_US:
            self._samples = 0

    def line(self, at: int) -> int:
        """The offset at a local time less than 268 s from the last `age`."""
        return ticks.add(self.offset, self.skew * (ticks.diff(at, self._aged_to) >> 12) >> (SKEW_SHIFT - 12))

    def add(self, t1: int, hub_in: int, hub_out: int, t3: int) -> None:
        """Take one exchange: sent at t1, at the hub from `hub_in` to `hub_out`, back at t3 (30 bits each)."""
        if self._samples == 0:
            self._block_at = t3
        self._note_way_there((t1 - hub_in) & ticks.MASK, t1)
        self._note_way_back((t3 - hub_out) & ticks.MASK, t3)
        self._samples += 1
        if self._samples == _BLOCK or self.points < _FEW:
            self._begin(t3)
        for _ in range(_LOOKS):
            if self._look >= 0:
                self._look_on()

    def _note_way_there(self, offset: int, at: int) -> None:
        """The hub cannot have been reached before the ping was sent: an offset seen on this way is never too large."""
        if self._samples == 0 or ticks.diff(offset, self.line(at)) > ticks.diff(self._there, self.line(self._there_at)):
            self._there = offset
            self._there_at = at

    def _note_way_back(self, offset: int, at: int) -> None:
        if self._samples == 0 or ticks.diff(offset, self.line(at)) < ticks.diff(self._back, self.line(self._back_at)):
            self._back = offset
            self._back_at = at

    def _begin(self, now: int) -> None:
        """A fit begins, over the ring and a block that is not complete; the one before has ended."""
        self._now = now
        self._drop_aged()
        self._make_point(_POINTS)
        if self._samples == _BLOCK:
            self._samples = 0
            self._newest = (self._newest + 1) % _POINTS
            self.points = min(self.points + 1, _POINTS)
            self._at[self._newest] = self._at[_POINTS]
            self._offsets[self._newest] = self._offsets[_POINTS]
            self._rtts[self._newest] = self._rtts[_POINTS]
        self._last = self.points if self._samples else self.points - 1
        self._step = _FASTEST
        self._look = 0
        self._best = _POINTS
        self._sum = 0

    def _drop_aged(self) -> None:
        while self.points and ticks.diff(self._now, self._at[self._index(self.points - 1)]) >= _MAX_AGE_US:
            self.points -= 1

    def _index(self, back: int) -> int:
        """Where the point lies that came `back` points before the newest."""
        return (self._newest - back) % _POINTS

    def _make_point(self, place: int) -> None:
        back = ticks.diff(self._back, self.line(self._back_at))
        there = ticks.diff(self._there, self.line(self._there_at))
        self._rtts[place] = max(0, back - there)
        self._at[place] = ticks.add(self._back_at, ticks.diff(self._there_at, self._back_at) >> 1)
        self._offsets[place] = ticks.add(self.line(self._at[place]), back + there >> 1)

    def _look_on(self) -> None:
        """Look at one point."""
        place = self._index(self._look) if self._look < self.points else _POINTS
        last = self._look == self._last
        self._look += 1
        if self._step == _FASTEST:
            self._look_for_fastest(place)
            if last:
                self._begin_weights()
        elif self._step == _WEIGHTS:
            self._weigh(place)
            if last:
                self._begin_slope()
        else:
            self._lean(place)
            if last:
                self._look = -1
                self._move()

    def _look_for_fastest(self, place: int) -> None:
        rtt = self._rtts[place]
        self._sum += rtt
        if rtt < self._rtts[self._best] or self._best == _POINTS:
            self._best = place

    def _begin_weights(self) -> None:
        self.fastest_us = self._rtts[self._best]
        self._mean_us = mean = self._sum // self._look - self.fastest_us >> 1
        self._scale = _MIN_SCALE
        while self._scale < _MAX_SCALE and mean >> self._scale + 2:
            self._scale += 1
        self._base = 0
        self._base = self._error_of(self._best)
        self._trim_us = _TRIM_US + (self._age_of(self._best) >> 2)
        self._step = _WEIGHTS
        self._look = 0
        self._sum = self._sum_ages = self._sum_errors = 0
        self._most = _FAR
        self._least = -_FAR

    def _age_of(self, place: int) -> int:
        """In 2^18 us, a quarter of a second."""
        return max(0, ticks.diff(self._now, self._at[place]) >> 18)

    def _error_of(self, place: int) -> int:
        """How far a point lies from the line, when the line is laid through the fastest."""
        return ticks.diff(self._offsets[place], self.line(self._at[place])) - self._base

    def _weigh(self, place: int) -> None:
        self._ages[place] = self._age_of(place)
        # Half of what the way took too long; and the skew may have changed since: a microsecond for each second.
        doubt = (self._rtts[place] - self.fastest_us >> 1) + (self._ages[place] >> 2)
        error = self._error_of(place)
        weight = 0
        if abs(error) <= doubt + self._trim_us:
            weight = _weight_of(doubt >> self._scale)
            self._most = min(self._most, error + doubt)
            self._least = max(self._least, error - doubt)
        self._weights[place] = weight
        self._errors[place] = _clip(error, _CLIP_US)
        self._sum += weight
        self._sum_ages += weight * self._ages[place]
        self._sum_errors += weight * self._errors[place]

    def _begin_slope(self) -> None:
        self._mean_age = self._sum_ages // self._sum
        self._mean_error = self._sum_errors // self._sum
        self._step = _SLOPE
        self._look = 0
        self._squares = self._products = 0

    def _lean(self, place: int) -> None:
        apart = self._mean_age - self._ages[place]
        pull = self._weights[place] * apart + 128 >> 8
        error = self._errors[place] - self._mean_error >> self._scale - _MIN_SCALE
        self._squares += pull * apart
        self._products += pull * _clip(error, _CLIP_SLOPE)

    def _move(self) -> None:
        """Lay the line through the points."""
        turn = self._turn()
        ahead = self._mean_error + (turn * self._mean_age >> 7)
        self._judge(ahead)
        late = ticks.diff(self._aged_to, self._now) >> 12
        self.offset = ticks.add(self.offset, self._base + ahead + (turn * late >> SKEW_SHIFT - 12))
        self.skew += turn

    def _turn(self) -> int:
        """By how much the skew changes."""
        more = self._scale - _MIN_SCALE
        # What is known of the skew beforehand counts as much as points that would give it to 30 ppm, or to 7.
        prior = 1 << 8 + more + (4 if self._sure_of_skew else 0)
        self._products += prior * (self._expected_skew - self.skew) >> 7
        self._squares += prior << more
        if -0x400000 < self._products < 0x400000:
            turn = (self._products << 7) // self._squares
        else:
            turn = self._products // (self._squares >> 7)
        return _clip(self.skew + (turn << more), MAX_SKEW) - self.skew

    def _judge(self, ahead: int) -> None:
        """How wrong the line can be: by the points' own doubts, and by what their weights make of the slope.

        Of the fastest way nobody knows how much lies on which side; the more points, the less of it is chance."""
        one_sided = self.fastest_us >> 2 + min(2, self.points >> _SURE_SHIFT)
        self.bound_us = max(abs(self._most - ahead), abs(self._least - ahead)) + (self._mean_us >> 2) + one_sided
        self.bound_us += _LEAST_BOUND_US
        root = 1
        while (root << 1) * (root << 1) <= self._squares:
            root <<= 1
        self.skew_bound_ppm = 1 + (12 << self._scale) // root


def _weight_of(share: int) -> int:
    """1024 for none, half of it for one, a third for two, and so on; 0 from 32 on."""
    return _WEIGHT // (share + 1) if share < 32 else 0


def _clip(value: int, limit: int) -> int:
    return max(-limit, min(limit, value))
