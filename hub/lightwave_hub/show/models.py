"""The objects of a show: what is stored, what requests carry and what answers show, all by the same models.

An id is chosen by the client or made by the hub from the name. Effects and palettes are names of the nodes' catalogue:
a show may name what no node has at the moment.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from lightwave import packets
from lightwave.fields import Bool, Choice, Int, List, Mac, Text
from lightwave_hub.checked import Checked, Rule, Slug, Some, TimeOfDay, refusal

MAX_SCENES = 1000
MAX_GROUPS = 256
MAX_CUE_LISTS = 128
MAX_CUES = 500  # of one list
MAX_ENTRIES = 256  # of the schedule
MAX_NODES = 1000
MAX_BARS = 64
MAX_WAIT_MS = 24 * 3600 * 1000
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Id = Annotated[str, Rule(Slug())]
Name = Annotated[str, Rule(Text(1, 48))]
EffectName = Annotated[str, Rule(Text(1, 24))]
MacAddress = Annotated[str, Rule(Mac())]
Byte = Annotated[int, Rule(Int(0, 255))]
Truth = Annotated[bool, Rule(Bool())]
# They may be absent, not null: None is what stands for absent here.
OptionalId = Annotated[str | None, Rule(Slug())]
OptionalMac = Annotated[str | None, Rule(Mac())]
OptionalName = Annotated[str | None, Rule(Text(1, 48))]
OptionalEffect = Annotated[str | None, Rule(Text(1, 24))]
OptionalByte = Annotated[int | None, Rule(Int(0, 255))]
OptionalTruth = Annotated[bool | None, Rule(Bool())]
OptionalFade = Annotated[int | None, Rule(Int(0, packets.FADE_MS_MAX))]


class Sparse(Checked):
    """Fields that are absent are absent in its JSON too."""

    @model_serializer(mode="wrap")
    def _without_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value is not None}


class ShowNode(Checked):
    """A node of the show: how it is called, where it stands in lists, and whether it plays. A disabled one is dark."""

    mac: MacAddress
    name: Name
    order: Annotated[int, Rule(Int(0, 9999))] = 0
    enabled: Truth = True


class Group(Checked):
    """Nodes that are addressed together."""

    id: Id = ""
    name: Name
    nodes: Annotated[list[str], Rule(List(0, MAX_NODES, Mac()))] = []

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.nodes)) != len(self.nodes):
            raise refusal("nodes", "names a node twice")
        return self


class Params(Sparse):
    """Parameters of a channel; what is absent stays as it is."""

    brightness: OptionalByte = None
    speed: OptionalByte = None
    intensity: OptionalByte = None
    hue: OptionalByte = None
    saturation: OptionalByte = None
    blur: OptionalByte = None
    enabled: OptionalTruth = None
    mirror: OptionalTruth = None


class Look(Params):
    """What a channel plays from the beginning of a scene."""

    effect: EffectName
    palette: OptionalEffect = None

    def params(self) -> dict[str, int]:
        """What is given of it besides effect and palette."""
        return self.model_dump(exclude={"effect", "palette"})


class Channels(Sparse):
    """One look or two; a channel without one is left alone."""

    a: Look | None = None
    b: Look | None = None

    @model_validator(mode="after")
    def _not_none(self) -> Self:
        if self.a is None and self.b is None:
            raise refusal("", "give a look for channel a, b or both")
        return self

    def looks(self) -> dict[str, Look]:
        return {name: look for name, look in (("a", self.a), ("b", self.b)) if look is not None}


class Target(Sparse):
    """Whom a scene is for: a group or a node."""

    group: OptionalId = None
    node: OptionalMac = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        return self.only_one_of("group", "node")


class Scene(Checked):
    """A look for each channel of some nodes; without a target, of all."""

    id: Id = ""
    name: Name
    fade_ms: Annotated[int, Rule(Int(0, packets.FADE_MS_MAX))] = 0
    target: Target | None = None
    channels: Channels


class Trigger(Sparse):
    """When a cue begins: on a command, or by itself some time after the cue before it began."""

    kind: Annotated[str, Rule(Choice(("go", "at", "beat", "bar", "bars", "follow")))]
    bars: Annotated[int | None, Rule(Int(1, MAX_BARS))] = None
    time: Annotated[str | None, Rule(TimeOfDay())] = None
    after_ms: Annotated[int | None, Rule(Int(0, MAX_WAIT_MS))] = None

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        needed = {"bars": "bars", "at": "time", "follow": "after_ms"}.get(self.kind)
        for name in ("bars", "time", "after_ms"):
            if (name in self.model_fields_set) != (name == needed):
                verb = "needs" if name == needed else "has no"
                raise refusal(name, f"a trigger of kind {self.kind} {verb} {name}")
        return self


class Cue(Sparse):
    """A scene of a cue list, and what starts it; its own fade instead of the scene's if it has one."""

    scene: Id
    trigger: Trigger = Trigger(kind="go")
    fade_ms: OptionalFade = None


class CueList(Checked):
    """Cues in the order in which they are played."""

    id: Id = ""
    name: Name
    cues: Annotated[list[Cue], Some(0, MAX_CUES)] = []


class Action(Sparse):
    """What an entry of the schedule does."""

    scene: OptionalId = None
    cue_list: OptionalId = None
    blackout: OptionalTruth = None
    master: OptionalByte = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        return self.only_one_of("scene", "cue_list", "blackout", "master")


class Schedule(Checked):
    """Something that happens at a time of some weekdays, by the hub's own time zone."""

    id: Id = ""
    name: Name
    enabled: Truth = True
    days: Annotated[list[str], Rule(List(1, 7, Choice(DAYS)))]
    time: Annotated[str, Rule(TimeOfDay())]
    action: Action

    @model_validator(mode="after")
    def _each_day_once(self) -> Self:
        if len(set(self.days)) != len(self.days):
            raise refusal("days", "names a day twice")
        return self


class Show(Checked):
    """A whole show, as it is exported and imported."""

    format: Annotated[Literal["k1-show"], Rule(Choice(("k1-show",)))] = "k1-show"
    version: Annotated[int, Rule(Int(1, 1))] = 1
    nodes: Annotated[list[ShowNode], Some(0, MAX_NODES)] = []
    groups: Annotated[list[Group], Some(0, MAX_GROUPS)] = []
    scenes: Annotated[list[Scene], Some(0, MAX_SCENES)] = []
    cues: Annotated[list[CueList], Some(0, MAX_CUE_LISTS)] = []
    schedule: Annotated[list[Schedule], Some(0, MAX_ENTRIES)] = []


Item = ShowNode | Group | Scene | CueList | Schedule
