"""What every source of tempo offers to the desk."""

from typing import NamedTuple


class Reading(NamedTuple):
    """What a source knew at hub time `at_us`; `beats` is None when it tells a tempo but no phase."""

    at_us: int
    bpm: float
    beats: float | None
    has_bar: bool  # beats are numbered so that every beat whose number 4 divides begins a bar
    confidence: int  # percent


class Source:
    """Somebody else's tempo. Open only while it is the active one; everything is called on the event loop's thread."""

    detail = ""  # one sentence for people: what it listens to, or why it hears nothing

    def open(self) -> None:
        """Begin to listen. Raises TempoSourceError, whose text says what is missing."""

    def close(self) -> None:
        """Stop listening; `open` may follow."""

    def read(self, now_us: int) -> Reading | None:
        """The newest that is known; None when nothing is heard (any more)."""
        raise NotImplementedError


class Session(Source):
    """A source that also takes a tempo and a phase: what somebody sets here is set there."""

    def set_tempo(self, bpm: float) -> None:
        raise NotImplementedError

    def shift(self, beats: float) -> None:
        """Bring the beat further by `beats`; less than 0: back."""
        raise NotImplementedError
