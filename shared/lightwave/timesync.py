"""What the node knows of the hub's clock, and how sure it may be: local = hub + offset.

The estimate itself is clock_fit.py's. Here is the session around it: when to ping, which pongs to believe, and the four
states with their reasons.

    acquiring  pongs come; not enough of them yet
    locked     pongs come and agree
    holdover   still locked, but no pong for a second: the line goes on, and the bound on its error grows
    unlocked   not to be trusted: no session, or nobody answers
"""

from . import ticks
from .clock_fit import ClockFit
from .compat import const
from .constants import DRIFT_DEGRADED_US, TS_LOCK_SAMPLES_N, TS_PING_PERIOD_MS
from .packets import TS_HELD_AT, TS_SEQ_AT, TS_T1_AT, TS_T2_AT, low30, next30
from .running_median import RunningMedian

ANCHOR_PERIOD_US = const(50000)  # six frames at 120 FPS, three at 60: the grid repeats on a whole microsecond

ACQUIRING = "acquiring"
LOCKED = "locked"
HOLDOVER = "holdover"
UNLOCKED = "unlocked"
CLOCK_STATES = (ACQUIRING, LOCKED, HOLDOVER, UNLOCKED)

_BURST = const(8)
_BURST_PERIOD_US = const(20000)
_OUTSTANDING = const(16)
_RTT_MAX_US = const(1000000)  # a later pong tells nothing
_RTT_GOOD_US = const(250000)  # counts towards lock
_GATE_US = const(500)  # what the line may be wrong, beside half a round trip, before a sample is an outlier
_OUTLIERS = const(5)  # so many in a row, and it is the line that is wrong
_LOCK_SAMPLES_MAX = const(20)  # 2.5 s of pings
_SPREAD_LOCK_US = const(50000)  # median round trip over the fastest
_SPREAD_UNLOCK_US = const(100000)
_STABLE_US = const(1000)  # lock when the median and the last contradiction are below
_HOLDOVER_US = const(1000000)
_HOLDOVER_MAX_US = const(60000000)
_BOUND_MAX_US = const(1000)  # of a holdover
_FAR_PAST = const(0x3FFFFFFF)
_LAP_PHASE = const(-8176)  # 2^30 modulo ANCHOR_PERIOD_US, made small


class TimeSync:
    """One node's clock estimate. The control thread calls everything; the render thread only `to_local`, `to_hub`
    and the attributes `locked`, `offset`, `anchor_hub30`, each of which is one word and always valid alone.

    Pings, pongs, `tick` and `anchor` allocate nothing but the texts of `reason` when the state changes; whole hub
    times (`pong`, `hub_now`) are large integers."""

    def __init__(self) -> None:
        self.locked = False  # in holdover too
        self.state = UNLOCKED
        self.reason = "not started"  # why it is not locked, or in holdover
        self.offset = 0  # local - hub, modulo 2^30
        self.bound_us = 0  # how wrong the offset can be while locked
        self.drift_us = 0  # median contradiction between the recent samples and the offset in use
        self.lock_us = 0  # how long the last lock took from its start
        self.unlocks = 0
        self.over_udp = 0  # 1 when the last pong was a datagram
        self.anchor_hub30 = 0
        self.anchor_local = 0
        self._fit = ClockFit()
        self._rtts = RunningMedian(16)
        self._errors = RunningMedian(8)
        self._epoch = -1
        self._seq = 0
        self._sent_seq = [-1] * _OUTSTANDING
        self._sent_at = [0] * _OUTSTANDING
        self._hub_in = self._hub_out = self._lap = 0  # of the pong being dealt with
        self._ref_lap = self._ref_hub = self._ref_local = 0  # hub time ref_lap * 2^30 + ref_hub was ref_local
        self._fresh = True  # nothing is known of the offset
        self._begin()

    @property
    def rtt_us(self) -> int:
        """Median of the recent round trips."""
        return self._rtts.middle

    @property
    def skew_ppm(self) -> int:
        """How many microseconds a second the local clock gains on the hub's."""
        return self._fit.skew * 15625 + (1 << 18) >> 19

    def start(self, now: int, epoch: int) -> None:
        """A session begins (welcome): ping in a burst. Another epoch is another clock, of which nothing is known."""
        if epoch != self._epoch:
            self._fit.forget_skew()
            self.start_over(now, "no samples yet" if self._epoch < 0 else "another hub clock")
        elif self.locked:
            self.unlock("new session")
        self._epoch = epoch
        self._begin()
        self.state = ACQUIRING
        self._started = now
        self._age(now)

    def start_over(self, now: int, reason: str) -> None:
        """What was learned is of another clock or way: forget it, but for the skew."""
        self._fit.clear(now)
        self._fresh = True
        self.unlock(reason)

    def unlock(self, reason: str) -> None:
        """The estimate is not to be trusted until it locks anew; the line stays as the best guess."""
        if self.locked:
            self.unlocks += 1
        self.locked = False
        self.reason = reason
        self.state = UNLOCKED
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
        self._next_ping = ticks.add(now, _BURST_PERIOD_US if self._burst_left > 0 else TS_PING_PERIOD_MS * 1000)
        self._seq = (self._seq + 1) % _FAR_PAST
        self._sent_seq[self._seq % _OUTSTANDING] = self._seq
        self._sent_at[self._seq % _OUTSTANDING] = now
        return self._seq

    def pong(self, seq: int, t1: int, t2: int, t3: int) -> bool:
        """Take a sample. False when no such ping is out or the round trip makes no sense. t2 is whole hub time."""
        if not self._expects(seq, t1):
            return False
        self.over_udp = 0
        self._hub_in = self._hub_out = t2 & ticks.MASK
        self._lap = t2 >> 30
        return self._take(t1, t3)

    def pong_packet(self, packet: bytearray, t3: int) -> bool:
        """The same from a TS_PONG datagram, whose length, type and token were checked."""
        t1 = low30(packet, TS_T1_AT)
        if not self._expects(low30(packet, TS_SEQ_AT), t1):
            return False
        self.over_udp = 1
        self._hub_in = low30(packet, TS_T2_AT)
        self._lap = next30(packet, TS_T2_AT)
        self._hub_out = ticks.add(self._hub_in, low30(packet, TS_HELD_AT))
        return self._take(t1, t3)

    def tick(self, now: int) -> None:
        """Let time pass; call it at least every minute, better every second."""
        self._age(now)
        if ticks.diff(now, self._ref_local) > ticks.HALF // 2:  # long before the reference wraps
            self._refer(now)
        if self.locked:
            self._judge_silence(ticks.diff(now, self._last_pong))

    def to_local(self, hub30: int) -> int:
        """The local time of a moment given by the low 30 bits of hub time. HOT."""
        return ticks.add(hub30, self.offset)

    def to_hub(self, local: int) -> int:
        """The low 30 bits of the hub time of a local moment. HOT."""
        return (local - self.offset) & ticks.MASK

    def hub_now(self, now: int) -> int:
        """The whole hub time of the local moment `now`. Allocates; needs one pong before."""
        hub30 = self.to_hub(now)
        return (self._lap_of(hub30) << 30) + hub30

    def anchor(self, now: int) -> None:
        """Set `anchor_hub30`, `anchor_local`: the last moment before `now` whose hub time is a multiple of 50 ms.

        `anchor_hub30` stays a point of the grid whatever the offset does later; a thread that needs both values
        together reads it and calls `to_local`. Needs one pong before."""
        hub30 = self.to_hub(now)
        phase = (hub30 + self._lap_of(hub30) % ANCHOR_PERIOD_US * _LAP_PHASE) % ANCHOR_PERIOD_US
        self.anchor_hub30 = (hub30 - phase) & ticks.MASK
        self.anchor_local = self.to_local(self.anchor_hub30)

    def _begin(self) -> None:
        """Lock is to be earned anew; a burst of pings ahead."""
        self._good = 0
        self._outliers = 0
        self._burst_left = _BURST
        self._next_ping = -1  # at once
        self._started = -1
        self._last_pong = 0
        self._rtts.clear()
        self._errors.clear()
        for slot in range(_OUTSTANDING):
            self._sent_seq[slot] = -1

    def _age(self, now: int) -> None:
        self._fit.age(now)
        self.offset = self._fit.offset

    def _lap_of(self, hub30: int) -> int:
        """How many times 2^30 had gone by at a hub time close to the reference."""
        ahead = ticks.diff(hub30, self._ref_hub) >= 0
        if ahead and hub30 < self._ref_hub:
            return self._ref_lap + 1
        if not ahead and hub30 > self._ref_hub:
            return self._ref_lap - 1
        return self._ref_lap

    def _refer(self, now: int) -> None:
        hub30 = self.to_hub(now)
        self._ref_lap = self._lap_of(hub30)
        self._ref_hub = hub30
        self._ref_local = now

    def _expects(self, seq: int, t1: int) -> bool:
        slot = seq % _OUTSTANDING
        if self._sent_seq[slot] != seq or self._sent_at[slot] != t1:
            return False
        self._sent_seq[slot] = -1
        return True

    def _take(self, t1: int, t3: int) -> bool:
        """The exchange of `_hub_in`, `_hub_out`, `_lap`."""
        rtt = ticks.diff(t3, t1) - ticks.diff(self._hub_out, self._hub_in)
        if rtt < 0 or rtt > _RTT_MAX_US:
            return False
        self._age(t3)
        self._last_pong = t3
        self._rtts.add(rtt)
        if self._passes(t3, rtt):
            self._fit.add(t1, self._hub_in, self._hub_out, t3)
        self.offset = self._fit.offset
        self._ref_lap = self._lap
        self._ref_hub = self._hub_in
        self._refer(t3)
        self._judge(t3)
        return True

    def _passes(self, t3: int, rtt: int) -> bool:
        """Is the sample one that the line, or what is known of the clocks, can explain?"""
        sample = ticks.add((t3 - self._hub_out) & ticks.MASK, -(rtt // 2))
        if self._fresh:
            self._fresh = False
            self._fit.clear(t3)
            self._fit.step_to(sample)
        error = ticks.diff(sample, self._fit.offset)
        beyond = abs(error) - max(0, rtt - self._fit.fastest_us) // 2
        self._errors.add(max(0, beyond))
        self.drift_us = self._errors.middle
        if abs(error) <= rtt // 2 + _GATE_US + self._doubt_us():
            self._outliers = 0
            if rtt <= _RTT_GOOD_US:
                self._good += 1
            return True
        self._note_outlier(t3, error)
        return False

    def _note_outlier(self, now: int, error: int) -> None:
        self._outliers += 1
        if self._outliers >= _OUTLIERS:
            self.start_over(now, "drift of %d us in %d samples" % (error, _OUTLIERS))

    def _doubt_us(self) -> int:
        """Of the line itself, while it rests on few samples."""
        return 0 if self.locked else self._fit.fastest_us // 2

    def _judge(self, now: int) -> None:
        """Lock or unlock by what the samples say."""
        spread = self._rtts.middle - self._fit.fastest_us
        if self.locked:
            self._judge_silence(0)
            if self.drift_us > DRIFT_DEGRADED_US:
                self.unlock("drift of %d us" % self.drift_us)
            elif spread > _SPREAD_UNLOCK_US:
                self.unlock("round trips spread over %d us" % spread)
            return
        self.state = ACQUIRING
        if self._good >= self._wanted() and spread <= _SPREAD_LOCK_US and self._stable() and self._sharp():
            self.locked = True
            self.lock_us = ticks.diff(now, self._started)
            self._judge_silence(0)

    def _judge_silence(self, silence_us: int) -> None:
        """Locked, and the last pong so long ago."""
        self.bound_us = self._fit.bound_us + (silence_us >> 10) * self._fit.skew_bound_ppm // 1000
        if silence_us <= _HOLDOVER_US:
            if self.state != LOCKED:
                self.state = LOCKED
                self.reason = ""
        elif silence_us > _HOLDOVER_MAX_US or self.bound_us > _BOUND_MAX_US + self._fit.bound_us:
            self.unlock("no pong for %d s" % (silence_us // 1000000))
        elif self.state == LOCKED:
            self.state = HOLDOVER
            self.reason = "no pong"

    def _wanted(self) -> int:
        """Good samples to lock by: the slower the fastest, the more of it can be on one way, so the more are heard."""
        return min(_LOCK_SAMPLES_MAX, TS_LOCK_SAMPLES_N + self._fit.fastest_us // 1000)

    def _sharp(self) -> bool:
        return self._fit.bound_us <= DRIFT_DEGRADED_US

    def _stable(self) -> bool:
        # the last one too: most of the others are from the burst, too close together to show a running offset
        return self.drift_us <= _STABLE_US and self._errors.newest <= _STABLE_US
