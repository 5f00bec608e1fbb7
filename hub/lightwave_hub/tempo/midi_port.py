"""MIDI ports of this machine. Needs the extra `midi`, and ALSA on Linux."""

import importlib
import importlib.util
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightwave_hub.errors import TempoSourceError
from lightwave_hub.tempo.midi_clock import MidiClock
from lightwave_hub.tempo.source import Reading, Source

_LOOK_AGAIN_US = 2_000_000  # for a port that was unplugged
_MAX_WAITING = 4096  # messages between two readings; more is no clock
_SEQUENCER = Path("/dev/snd/seq")


def why_not() -> str:
    """What keeps MIDI from working on this machine, or nothing."""
    if importlib.util.find_spec("mido") is None or importlib.util.find_spec("rtmidi") is None:
        return "MIDI is not installed; `pip install k1-lightwaveos[midi]`"
    # Asked for before the library is, which complains on the terminal.
    if sys.platform == "linux" and not _SEQUENCER.exists():
        return f"this machine has no ALSA sequencer ({_SEQUENCER}); `modprobe snd-seq` loads it where the kernel has it"
    return ""


def port_names() -> list[str]:
    """The ports that can be listened to; none where MIDI does not work."""
    if why_not():
        return []
    try:
        return list(dict.fromkeys(importlib.import_module("mido").get_input_names()))
    except OSError:  # of which RtMidi's own errors are
        return []


class MidiPort(Source):
    """The clock that comes in at one port, also one that is plugged in later. RtMidi's thread dates each message."""

    def __init__(self, wanted: str, now_us: Callable[[], int]) -> None:
        self._wanted = wanted  # its name or the beginning of it; empty: the first port
        self._now_us = now_us
        self._clock = MidiClock()
        self._messages: deque[tuple[str, int, int]] = deque(maxlen=_MAX_WAITING)
        self._port: Any = None
        self._name = ""
        self._looked_us = 0

    def open(self) -> None:
        reason = why_not()
        if reason:
            raise TempoSourceError("midi", reason)
        self._look_after_the_port()

    def close(self) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None

    def hear(self, message: Any) -> None:
        """A message of mido's, at the moment it came. Called on RtMidi's thread."""
        self._messages.append((message.type, self._now_us(), getattr(message, "pos", 0)))

    def read(self, now_us: int) -> Reading | None:
        while self._messages:
            self._clock.hear(*self._messages.popleft())
        reading = self._clock.read(now_us)
        if reading is not None:
            self.detail = f"hears {self._name}"
        elif now_us - self._looked_us > _LOOK_AGAIN_US:
            self._looked_us = now_us
            self._look_after_the_port()
        return reading

    def _look_after_the_port(self) -> None:
        """An unplugged port says nothing, not even goodbye; one that came back has to be opened anew."""
        names = port_names()
        if self._port is not None and self._name in names:
            self.detail = f"{self._name} sends no clock"
            return
        self.close()
        name = next((name for name in names if name.startswith(self._wanted)), "")
        if not name:
            self.detail = f"there is no MIDI input {self._wanted!r}; there are: {', '.join(names) or 'none'}"
            return
        try:
            self._port = importlib.import_module("mido").open_input(name, callback=self.hear)
            self._name = name
            self.detail = f"listens to {name}"
        except OSError as error:
            self.detail = f"cannot open {name}: {error}"
