"""Ableton Link: the tempo and bar of everybody in the session, and ours for them. Needs the extra `link`."""

import importlib
import importlib.util
from typing import Any

from lightwave_hub.errors import TempoSourceError
from lightwave_hub.show_clock import BEATS_PER_BAR, ShowClock
from lightwave_hub.tempo.source import Reading, Session

NOT_INSTALLED = "Ableton Link is not installed; `pip install k1-lightwaveos[link]`"
_WITHOUT_A_BEAT = 120.0  # Link knows no silence
_SAME_BEATS = 0.002  # about a millisecond


def is_installed() -> bool:
    return importlib.util.find_spec("aalink") is not None


class LinkSession(Session):
    """Our peer. It joins the session it finds, which then leads; alone, its own begins with the tempo we have."""

    def __init__(self, clock: ShowClock) -> None:
        self._clock = clock
        self._peer: Any = None

    def open(self) -> None:
        try:
            aalink = importlib.import_module("aalink")
        except ImportError:
            raise TempoSourceError("link", NOT_INSTALLED) from None
        clock = self._clock
        self._peer = aalink.Link(clock.bpm or _WITHOUT_A_BEAT)
        self._peer.quantum = BEATS_PER_BAR
        self._lead()
        self._peer.enabled = True

    def close(self) -> None:
        if self._peer is not None:
            self._peer.enabled = False
            self._peer = None

    def read(self, now_us: int) -> Reading | None:
        """Nothing while we are alone: then our beat is the session's, for others to join."""
        peers = self._peer.num_peers if self._peer is not None else 0
        if not peers:
            self.detail = "nobody else is in the session"
            self._lead()
            return None
        self.detail = "one other is in the session" if peers == 1 else f"{peers} others are in the session"
        # Link's own clock is another one than ours, so its beat is dated by when we asked.
        return Reading(self._clock.now_us(), self._peer.tempo, self._peer.beat, True, 100)

    def set_tempo(self, bpm: float) -> None:
        self._peer.tempo = bpm

    def shift(self, beats: float) -> None:
        self._peer.force_beat(self._peer.beat + beats)

    def _lead(self) -> None:
        if self._peer is None or not self._clock.bpm:
            return
        if abs(self._peer.tempo - self._clock.bpm) >= 0.005:
            self._peer.tempo = self._clock.bpm
        ours = self._clock.settled_beats(self._clock.now_us())
        if abs(self._peer.beat - ours) > _SAME_BEATS:
            self._peer.force_beat(ours)
