"""The tempo desk: one source of tempo at a time, and hands that may always step in.

A source that is trusted leads the show clock. One that falls silent, or is no longer sure, leaves the tempo running
until it is heard again. What hands do (a tempo, taps, a nudge) is passed on to a session that takes it, such as Ableton
Link's; from a source that takes nothing they take over, and the desk is on "manual" again.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from lightwave import constants
from lightwave_hub.errors import NoBeatError
from lightwave_hub.log import event, failure, show_log
from lightwave_hub.show_clock import BEATS_PER_BAR, BRISK, MAX_BPM, MIN_BPM, ShowClock
from lightwave_hub.tempo.follow import follow
from lightwave_hub.tempo.source import Reading, Session, Source
from lightwave_hub.tempo.sources import MANUAL, Sources
from lightwave_hub.tempo.tap import Taps

POLL_S = 0.05
TRUST_PCT = 40  # from this confidence on a source is followed, as a node follows its own ears
DOUBT_PCT = 20  # and below this no longer
_MINUTE_US = 60_000_000
_SURE = 100


class TempoDesk:
    """Everything on the event loop's thread."""

    def __init__(self, clock: ShowClock, sources: Sources) -> None:
        self.on_change: list[Callable[[], None]] = []  # called when tempo, beat, source or its state is another
        self.source = MANUAL
        self.state = MANUAL  # or "waiting" for its first reading, "following", "lost"
        self._clock = clock
        self._sources = sources
        self._leader: Source | None = None
        self._taps = Taps()
        self._confidence = _SURE
        self._offset_us = 0
        self._told: tuple[object, ...] = ()

    async def run(self) -> None:
        """Follow the source until cancelled."""
        while True:
            await asyncio.sleep(POLL_S)
            try:
                self.poll()
            except Exception:  # a source that fails must not end the others' chance
                failure(show_log, "tempo source failed", source=self.source)
                self._become(MANUAL, None)

    def poll(self) -> None:
        """Look once at the source, and tell what has changed."""
        if self._leader is not None:
            reading = self._leader.read(self._clock.now_us())
            if self._is_trusted(reading):
                assert reading is not None
                self.state, self._confidence = "following", reading.confidence
                follow(self._clock, reading, self._offset_us)
            else:
                self.state = "lost" if self.state in ("following", "lost") else "waiting"
                self._confidence = reading.confidence if reading is not None else 0
        self._tell()

    def choose(self, source: str) -> None:
        """Another source; the tempo runs on meanwhile. Raises TempoSourceError, and nothing has changed."""
        if source == self.source:
            return
        leader = self._sources.make(source)
        if leader is not None:
            leader.open()
        self._become(source, leader)

    def close(self) -> None:
        leader, self._leader = self._leader, None
        try:
            if leader is not None:
                leader.close()
        except Exception:
            failure(show_log, "tempo source does not close", source=self.source)

    def set_tempo(self, bpm: float) -> None:
        """By hand; MIN_BPM..MAX_BPM, or 0 for no beat, which ends following anybody."""
        if bpm and isinstance(self._leader, Session):
            self._leader.set_tempo(bpm)
        else:
            self._take_over()
        if bpm and self._clock.bpm:
            self._clock.steer(bpm, 0.0)
        else:
            self._clock.set_tempo(bpm)
        self._tell()

    def tap(self, at_us: int | None = None) -> int:
        """A tap on a beat, now unless told. How many count by now; from the second on they set tempo and phase."""
        now_us = self._clock.now_us()
        tapped = self._taps.tap(now_us if at_us is None else at_us)
        if tapped is not None:
            bpm = round(tapped.bpm, 2)
            if not self._clock.bpm:
                self._clock.begin(bpm, 0.0, tapped.beat_us)
            at_us = now_us + constants.APPLY_AHEAD_US
            error = (at_us - tapped.beat_us) * bpm / _MINUTE_US - self._clock.settled_beats(at_us)
            self._move(bpm, error - round(error))
            self._confidence = tapped.confidence if self._leader is None else self._confidence
        self._tell(moved=True)
        return self._taps.count(now_us)

    def nudge_us(self, us: int) -> None:
        """The beat comes so much earlier (less than 0: later). Raises NoBeatError.

        A source that takes no orders is followed at that distance from then on."""
        bpm = self._beating()
        if self._leader is None or isinstance(self._leader, Session):
            self._move(bpm, us * bpm / _MINUTE_US)
        else:
            self._offset_us -= us
        self._tell(moved=True)

    def nudge_pct(self, percent: float) -> None:
        """So much faster (less than 0: slower), within MIN_BPM..MAX_BPM. Raises NoBeatError."""
        self.set_tempo(min(MAX_BPM, max(MIN_BPM, round(self._beating() * (1 + percent / 100), 2))))

    def downbeat(self) -> None:
        """The beat nearest to now is the first of its bar, in a session for everybody."""
        if isinstance(self._leader, Session) and self._clock.bpm:
            nearest = round(self._clock.settled_beats(self._clock.now_us()))
            self._leader.shift(-nearest % BEATS_PER_BAR)
        self._clock.downbeat()
        self._tell(moved=True)

    def describe(self) -> dict[str, Any]:
        """What /api/tempo says."""
        return {
            "bpm": self._clock.bpm,
            "source": self.source,
            "state": self.state,
            "confidence": self._confidence if self._clock.bpm or self._leader is not None else 0,
            "detail": self._leader.detail if self._leader is not None else "",
            "offset_ms": self._offset_us / 1000,
            "taps": self._taps.count(self._clock.now_us()),
            "sources": self._sources.offered(),
        }

    def _is_trusted(self, reading: Reading | None) -> bool:
        least = DOUBT_PCT if self.state == "following" else TRUST_PCT
        return reading is not None and reading.confidence >= least and MIN_BPM <= reading.bpm <= MAX_BPM

    def _beating(self) -> float:
        if not self._clock.bpm:
            raise NoBeatError()
        return self._clock.bpm

    def _move(self, bpm: float, beats: float) -> None:
        """Another tempo and phase, by hand."""
        if isinstance(self._leader, Session):
            self._leader.set_tempo(bpm)
            self._leader.shift(beats)
        else:
            self._take_over()
        self._clock.steer(bpm, beats, BRISK)

    def _take_over(self) -> None:
        if self._leader is not None:
            self._become(MANUAL, None)
        self._confidence = _SURE

    def _become(self, source: str, leader: Source | None) -> None:
        event(show_log, logging.INFO, "tempo source", source=source, before=self.source)
        self.close()
        self.source, self._leader = source, leader
        self.state = MANUAL if leader is None else "waiting"
        self._confidence = _SURE if leader is None else 0
        self._offset_us = 0
        self._taps.reset()
        self._tell()

    def _tell(self, moved: bool = False) -> None:
        """`moved`: the beat is at another place, or a tap counts."""
        now = (self._clock.bpm, self.source, self.state)
        if moved or now != self._told:
            self._told = now
            for listener in self.on_change:
                listener()
