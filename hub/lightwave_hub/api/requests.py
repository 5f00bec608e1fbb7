"""What requests carry, besides the objects of the show."""

from typing import Annotated, Self

from pydantic import model_validator

from lightwave import packets
from lightwave.fields import Bool, Choice, Int, Text
from lightwave_hub import catalog
from lightwave_hub.checked import Checked, Rule, refusal
from lightwave_hub.conductor import CHANNELS
from lightwave_hub.rules import TextOr
from lightwave_hub.show.models import (
    MAX_BARS,
    Byte,
    OptionalFade,
    Params,
    Sparse,
    Target,
    Truth,
)

NameOrId = Annotated[str | int, Rule(TextOr(Text(1, 24), Int(0, catalog.MAX_ID)))]
OptionalNameOrId = Annotated[str | int | None, Rule(TextOr(Text(1, 24), Int(0, catalog.MAX_ID)))]
Fade = Annotated[int, Rule(Int(0, packets.FADE_MS_MAX))]
AtUs = Annotated[int | None, Rule(Int(0, (1 << 63) - 1))]
Quantise = Annotated[str | int | None, Rule(TextOr(Choice(("beat", "bar")), Int(1, MAX_BARS)))]


class Timed(Checked):
    """What may be meant for a moment: a hub time, or the next beat or bar, or a line of so many bars."""

    at_us: AtUs = None
    quantise: Quantise = None


class Faded(Timed):
    """And may come gradually."""

    fade_ms: Fade = 0


class PlayNow(Faded):
    """Something to play that is not kept, by a group or a node, else by all. Without an effect, the effect runs on and
    only what is named changes."""

    channels: Annotated[str, Rule(Choice(tuple(CHANNELS)))] = "ab"
    effect: OptionalNameOrId = None
    palette: OptionalNameOrId = None
    params: Params = Params()
    target: Target | None = None


class ByteValue(Faded):
    """A brightness or another number of one byte."""

    value: Byte


class NameValue(Faded):
    """An effect or a palette, by name or by id."""

    value: NameOrId


class TruthValue(Faded):
    """Whether a channel shines."""

    value: Truth


class Blackout(Timed):
    on: Truth


class Panic(Checked):
    on: Truth


class PlayScene(Timed):
    """When a scene begins, and its fade if it is to be another than its own."""

    fade_ms: OptionalFade = None


class ChangeNode(Sparse):
    """What is given of it changes."""

    name: Annotated[str | None, Rule(Text(1, 48))] = None
    order: Annotated[int | None, Rule(Int(0, 9999))] = None
    enabled: Annotated[bool | None, Rule(Bool())] = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise refusal("name", "give a name, an order or enabled")
        return self
