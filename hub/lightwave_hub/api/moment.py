"""When a command takes effect, in every body that plays something."""

from typing import Protocol

from aiohttp import web

from lightwave_hub.conductor import NOW, When
from lightwave_hub.errors import NoBeatError, RequestError
from lightwave_hub.keys import CLOCK, CONDUCTOR
from lightwave_hub.show_clock import BEATS_PER_BAR

MAX_AHEAD_US = 2_000_000
_BEATS = {"beat": 1, "bar": BEATS_PER_BAR}


class Timed(Protocol):
    """A body that may name a hub time, or a beat, a bar or a line of so many bars."""

    @property
    def at_us(self) -> int | None: ...

    @property
    def quantise(self) -> str | int | None: ...


def moment_of(app: web.Application, body: Timed) -> When:
    """The moment a body asks for. Raises RequestError."""
    unit = body.quantise
    if unit is not None:
        if body.at_us is not None:
            raise RequestError("at_us", "give at_us or quantise, not both")
        try:
            return app[CONDUCTOR].next_beat(_BEATS[unit] if isinstance(unit, str) else unit * BEATS_PER_BAR)
        except NoBeatError as error:
            raise RequestError("quantise", str(error), status=409) from None
    if body.at_us is None:
        return NOW
    ahead_us = body.at_us - app[CLOCK].now_us()
    if not -MAX_AHEAD_US <= ahead_us <= MAX_AHEAD_US:
        raise RequestError("at_us", f"must be within {MAX_AHEAD_US} us of hub time, not {ahead_us} us from it")
    return When(at_us=body.at_us)
