"""What the node knows of the hub's clock: local = hub + offset, from ts_ping and ts_pong over a jittery link.

A sample's true offset lies within half of what its round trip took longer than the fastest one. So a sample moves the
estimate only as far as it contradicts it beyond that slack (interval intersection, after Marzullo 1984): fast samples
move it fully, slow ones hardly ever, however lopsided the delay. What is left goes through a second-order loop that
also learns the skew between the two clocks, so that a constant skew leaves no lag.
"""

from . import ticks
from .compat import const
from .constants import DRIFT_DEGRADED_US, TS_LOCK_SAMPLES_N, TS_PING_PERIOD_MS

ANCHOR_PERIOD_US = const(50000)  # six frames at 120 FPS, three at 60: the grid repeats on a whole microsecond

_BURST = const(8)
_BURST_PERIOD_US = const(20000)
_OUTSTANDING = const(16)
_RTT_MAX_US = const(1000000)  # a later pong tells nothing
_RTT_GOOD_US = const(250000)  # counts towards lock
_SPREAD_LOCK_US = const(25000)  # median round trip over the fastest
_SPREAD_UNLOCK_US = const(100000)
_STABLE_US = const(1000)  # lock when the median and the last contradiction are below
_PONG_TIMEOUT_US = const(3000000)
_FLOOR_BLOCK = const(64)  # the fastest round trip is that of the last 64 to 128 samples, 13 to 26 s
_RECENT = const(8)
_SKEW_UNIT = const(250000)  # offset moves by skew (1/16 ppm) * time (64 us) / this
_SKEW_MAX = const(16 * 200)
_FAR_PAST = const(0x3FFFFFFF)


class TimeSync:
    """One session's clock estimate. The control thread calls everything; the render thread only `to_local`, `to_hub`
    and the attributes `locked`, `offset`, `anchor_hub30`, each of which is one word and always valid alone."""

    def __init__(self) -> None:
        self.locked = False
        self.offset = 0  # local - hub, modulo 2^30
        self.rtt_us = 0  # median of the recent round trips
        self.drift_us = 0  # median contradiction between the recent samples and the offset in use
        self.lock_us = 0  # how long the last lock took from its start
        self.unlocks = 0
        self.reason = "not started"
        self.anchor_hub30 = 0
        self.anchor_local = 0
        self._epoch = -1
        self._seq = 0
        self._sent_seq = [-1] * _OUTSTANDING
        self._sent_at = [0] * _OUTSTANDING
        self._skew = 0
        self._hub_ref = 0  # the whole hub time at the local time _local_ref
        self._local_ref = 0
        self._aged_to = 0
        self._skew_rest = 0
        self._begin()

    @property
    def skew_ppm(self) -> int:
        """How many microseconds a second the local clock gains on the hub's."""
        return (self._skew + 8) >> 4

    def start(self, now: int, epoch: int) -> None:
        """A session begins (welcome): forget the samples and ping in a burst. Another epoch is another clock."""
        if epoch != self._epoch:
            self._skew = 0
        self._epoch = epoch
        if self.locked:
            self.unlock("new session")
        self._begin()
        self._started = now
        self._age(now)
        self._aged_to = now  # also when it lay too far back, or nowhere yet

    def unlock(self, reason: str) -> None:
        """The estimate is not to be trusted until it locks anew; the offset stays as the best guess."""
        if self.locked:
            self.unlocks += 1
        self.locked = False
        self.reason = reason
        self._begin()

    def next_ping_in(self, now: int) -> int:
        """Microseconds until the next ping is due; 0 when it is."""
        if self._next_ping < 0:
            return 0
        return max(0, ticks.diff(self._next_ping, now))

    def ping(self, now: int) -> int:
        """Note that a ping leaves at `now`, its t1, and return its seq."""
        if self._started < 0:
            self._started = now
        if self._burst_left > 0:
            self._burst_left -= 1
        period = _BURST_PERIOD_US if self._burst_left > 0 else TS_PING_PERIOD_MS * 1000
        self._next_ping = ticks.add(now, period)
        self._seq = (self._seq + 1) % _FAR_PAST
        self._sent_seq[self._seq % _OUTSTANDING] = self._seq
        self._sent_at[self._seq % _OUTSTANDING] = now
        return self._seq

    def pong(self, seq: int, t1: int, t2: int, t3: int) -> bool:
        """Take a sample. False when no such ping is out or the round trip makes no sense. t2 is whole hub time."""
        slot = seq % _OUTSTANDING
        if self._sent_seq[slot] != seq or self._sent_at[slot] != t1:
            return False
        self._sent_seq[slot] = -1
        rtt = ticks.diff(t3, t1)
        if rtt < 0 or rtt > _RTT_MAX_US:
            return False
        self._age(t3)
        self._last_pong = t3
        self._filter((t3 - (t2 & ticks.MASK) - rtt // 2) & ticks.MASK, rtt)
        self._hub_ref = t2 + ticks.diff(self.to_hub(t3), t2 & ticks.MASK)
        self._local_ref = t3
        self._judge(t3)
        return True

    def tick(self, now: int) -> None:
        """Let time pass; call it at least every second."""
        self._age(now)
        if ticks.diff(now, self._local_ref) > ticks.HALF // 2:  # long before the reference wraps
            self._hub_ref = self.hub_now(now)
            self._local_ref = now
        if self.locked and ticks.diff(now, self._last_pong) > _PONG_TIMEOUT_US:
            self.unlock("no pong for 3 s")

    def to_local(self, hub30: int) -> int:
        """The local time of a moment given by the low 30 bits of hub time. HOT."""
        return ticks.add(hub30, self.offset)

    def to_hub(self, local: int) -> int:
        """The low 30 bits of the hub time of a local moment. HOT."""
        return (local - self.offset) & ticks.MASK

    def hub_now(self, now: int) -> int:
        """The whole hub time of the local moment `now`. Allocates; needs one pong before."""
        guess = self._hub_ref + ticks.diff(now, self._local_ref)
        return guess + ticks.diff(self.to_hub(now), guess & ticks.MASK)

    def anchor(self, now: int) -> None:
        """Set `anchor_hub30`, `anchor_local`: the last moment before `now` whose hub time is a multiple of 50 ms.

        `anchor_hub30` stays a point of the grid whatever the offset does later; a thread that needs both values
        together reads it and calls `to_local`. Allocates; needs one pong before."""
        hub = self.hub_now(now)
        self.anchor_hub30 = (hub - hub % ANCHOR_PERIOD_US) & ticks.MASK
        self.anchor_local = self.to_local(self.anchor_hub30)

    def _begin(self) -> None:
        """No samples, a burst of pings ahead."""
        self._samples = 0
        self._good = 0
        self._burst_left = _BURST
        self._next_ping = -1  # at once
        self._started = -1
        self._last_pong = 0
        self._floor = _FAR_PAST
        self._floor_before = _FAR_PAST
        self._rtts = []  # type: list[int]
        self._errors = []  # type: list[int]
        for slot in range(_OUTSTANDING):
            self._sent_seq[slot] = -1

    def _age(self, now: int) -> None:
        """Move the offset by what the skew has added since the last call."""
        units = ticks.diff(now, self._aged_to) >> 6
        if units <= 0:
            return
        self._aged_to = ticks.add(self._aged_to, units << 6)
        moved = self._skew * units + self._skew_rest
        self.offset = (self.offset + moved // _SKEW_UNIT) & ticks.MASK
        self._skew_rest = moved % _SKEW_UNIT

    def _filter(self, sample: int, rtt: int) -> None:
        fastest = rtt < min(self._floor, self._floor_before)
        self._note_rtt(rtt)
        slack = (rtt - min(self._floor, self._floor_before)) // 2
        error = _beyond(ticks.diff(sample, self.offset), slack) if self._samples > 1 else 0
        self._errors = (self._errors + [abs(error)])[-_RECENT:]
        self.drift_us = _median(self._errors)
        if self._samples == 1 or (fastest and not self.locked):
            self.offset = sample
        elif not self.locked:
            self.offset = (self.offset + error // 2) & ticks.MASK
        elif abs(error) <= DRIFT_DEGRADED_US:  # more than that is a wrong sample or a wrong clock: do not follow
            self.offset = (self.offset + (error + 2 >> 2)) & ticks.MASK
            self._skew = max(-_SKEW_MAX, min(_SKEW_MAX, self._skew + (error * 5 + 4 >> 3)))

    def _note_rtt(self, rtt: int) -> None:
        if self._samples % _FLOOR_BLOCK == 0:
            self._floor_before = self._floor
            self._floor = rtt
        self._floor = min(self._floor, rtt)
        self._samples += 1
        if rtt <= _RTT_GOOD_US:
            self._good += 1
        self._rtts = (self._rtts + [rtt])[-2 * _RECENT :]
        self.rtt_us = _median(self._rtts)

    def _judge(self, now: int) -> None:
        """Lock or unlock by what the samples say."""
        spread = self.rtt_us - min(self._floor, self._floor_before)
        if self.locked:
            if self.drift_us > DRIFT_DEGRADED_US:
                self._skew = 0
                self.unlock("drift of %d us" % self.drift_us)
            elif spread > _SPREAD_UNLOCK_US:
                self.unlock("round trips spread over %d us" % spread)
        elif self._good >= TS_LOCK_SAMPLES_N and spread <= _SPREAD_LOCK_US and self._stable():
            self.locked = True
            self.reason = ""
            self.lock_us = ticks.diff(now, self._started)

    def _stable(self) -> bool:
        # the last one too: most of the others are from the burst, too close together to show a running offset
        return self.drift_us <= _STABLE_US and self._errors[-1] <= _STABLE_US


def _beyond(distance: int, slack: int) -> int:
    """The part of a signed distance that the slack does not explain."""
    if distance > slack:
        return distance - slack
    if distance < -slack:
        return distance + slack
    return 0


def _median(values: list) -> int:
    return sorted(values)[len(values) // 2]
