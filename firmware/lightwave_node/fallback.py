"""What a node shows when the hub falls silent: first it holds the scene, later it idles. Never a flicker.

HOT: owned by the render thread, nothing but creation allocates.
"""

from lightwave import ticks
from lightwave.constants import UDP_SILENCE_FAIL_MS
from lightwave_node.show_state import ChannelLook

LIVE = 0  # the stream is arriving
HOLD = 1  # silent for UDP_SILENCE_FAIL_MS: the last scene goes on
IDLE = 2  # silent for longer than somebody would wait, or since power on: a dim, slow gradient

_FADE_TO_IDLE_MS = 2000
_FADE_TO_SHOW_MS = 250
_IDLE_EFFECT = "gradient"
_IDLE_BRIGHTNESS = 86  # as the eye sees it; a tenth of the light
_IDLE_SPEED = 10
_IDLE_HUE = 150
_DIM_EFFECT = "solid"
_DIM_FADE_MS = 500


class Fallback:
    """`mode` from the arrivals of stream packets; `look` is what every channel shows while idle."""

    def __init__(self, idle_after_ms, frame_us, effect_names):
        self.mode = IDLE
        self.entered = 0  # times the stream was lost
        self.look = ChannelLook()
        self.look.effect = effect_names.index(_IDLE_EFFECT)
        self.look.hue = _IDLE_HUE
        self.look.brightness = _IDLE_BRIGHTNESS
        self.look.speed = _IDLE_SPEED
        self.look.intensity = 0
        self.look.enabled = True
        # A frame early, so that when the limit is reached the fallback is already in force.
        self.dimmed = False  # set by another thread: shine dim and steady, for flash is being written
        self._was_dimmed = False
        self._solid, self._idle = effect_names.index(_DIM_EFFECT), self.look.effect
        self._hold_us = UDP_SILENCE_FAIL_MS * 1000 - frame_us
        self._idle_us = idle_after_ms * 1000
        self._accepted = 0
        self._last_arrival = 0

    def update(self, now, hub30, stream, show):
        """Once a frame, at local time `now` and hub time `hub30` (for fades)."""
        if self.dimmed or self._was_dimmed:
            self._dim(hub30)
        elif stream.accepted != self._accepted and show.known:
            self._accepted = stream.accepted
            self._last_arrival = stream.last_arrival
            self._enter(LIVE, hub30, show)
        elif self.mode != IDLE:  # which may last longer than ticks can tell
            silent_us = ticks.diff(now, self._last_arrival)
            if silent_us >= self._idle_us:
                self._enter(IDLE, hub30, show)
            elif silent_us >= self._hold_us:
                self._enter(HOLD, hub30, show)

    def _dim(self, hub30):
        """While it lasts the mode is IDLE; what comes after it decides by itself."""
        if self.dimmed != self._was_dimmed:
            self._was_dimmed = self.dimmed
            self.look.effect = self._solid if self.dimmed else self._idle
            self.look.note_change(_DIM_FADE_MS, hub30)
            self.mode = IDLE

    def _enter(self, mode, hub30, show):
        if mode == self.mode:
            return
        if mode == IDLE:
            self.look.note_change(_FADE_TO_IDLE_MS, hub30)
        elif mode == HOLD:
            self.entered += 1
        elif self.mode == IDLE:
            show.soften(_FADE_TO_SHOW_MS, hub30)
        self.mode = mode
