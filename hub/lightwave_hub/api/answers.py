"""What answers look like: for the description of the API. Its tests compare every answer with it."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from lightwave_hub.show.models import CueList, Scene, Schedule


class Problem(BaseModel):
    """A refusal (RFC 9457); `field` names the field at fault."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None


class Health(BaseModel):
    status: str
    name: str
    epoch: int
    nodes: int


class Names(BaseModel):
    effects: list[str]
    palettes: list[str]


class Node(BaseModel):
    """A connected node, or one that was until a moment ago: what it said last, and its place in the show."""

    id: int
    mac: str
    name: str
    order: int
    enabled: bool
    ip: str
    state: str
    reason: str
    locked: bool
    lock_ms: int | None
    loss_pct: float
    drift_us: int
    rssi: int
    uptime_s: int
    render_fps: list[float]
    stats: dict[str, float]
    fw: str
    caps: dict[str, Any]
    topo: dict[str, Any]
    catalog: Names
    connected_s: float | None
    seen_ms_ago: int


class Nodes(BaseModel):
    nodes: list[Node]


class ChannelParams(BaseModel):
    brightness: int
    speed: int
    intensity: int
    hue: int
    saturation: int
    blur: int
    enabled: bool
    mirror: bool


class Channel(BaseModel):
    effect: int
    effect_name: str | None
    palette: int
    palette_name: str | None
    params: ChannelParams


class BothChannels(BaseModel):
    a: Channel
    b: Channel


class NowPlaying(BaseModel):
    """What all nodes play that play nothing else."""

    channels: BothChannels
    master: int
    blackout: bool


class Played(NowPlaying):
    edges: list[int]


class Edges(BaseModel):
    """Ids of the edges that a command became."""

    edges: list[int]


class Edge(BaseModel):
    edge: int
    kind: Literal["scene", "param"]
    channels: int
    effect: int
    applyAt_us: int


class KnownEdges(BaseModel):
    edges: list[Edge]
    planned: list[Edge]


class Cancelled(BaseModel):
    cancelled: list[int]


class Level(BaseModel):
    value: int


class LevelSet(Level):
    edges: list[int]


class Lit(BaseModel):
    on: bool


class LitSet(Lit):
    edges: list[int]


class PanicState(BaseModel):
    on: bool


class Beat(BaseModel):
    bpm_x100: int
    phase: int
    beat: int
    bar: int


class Clock(BaseModel):
    hubNow_us: int
    epoch: int
    beat: Beat
    apply_ahead_us: int


class ChannelValue(BaseModel):
    """Value of one parameter of one channel; brightness also as it is after the master, an effect also by name."""

    value: int | bool
    effective: int | None = None
    name: str | None = None
    edges: list[int] | None = None


class SceneInfo(Scene):
    """A scene, and which effects and palettes it names that no connected node has."""

    missing: list[str]


class Waiting(BaseModel):
    """The cue that begins by itself next; `at` is the time by the clock on the wall, if that decides."""

    cue: int
    trigger: str
    at: str | None


class CueListInfo(CueList):
    """A cue list, the number of the cue that began last (from 0), and what waits."""

    current: int | None
    waiting: Waiting | None


class CueListState(BaseModel):
    id: str
    current: int | None
    waiting: Waiting | None


class Entry(Schedule):
    """An entry of the schedule, and when it is due next, by the clock on the wall with its distance from UTC."""

    next: str | None


class Happened(BaseModel):
    """What became of an entry: it was missed while the hub was down, or done, or it failed."""

    id: str
    name: str
    due: str
    error: str


class PlayingInfo(BaseModel):
    """What plays: the scenes that were begun last (one for all, or one for each group and node), and the cue lists."""

    scenes: list[str]
    lists: list[CueListState]
    panic: bool


class ChangedObject(BaseModel):
    kind: str
    id: str
    deleted: bool


class Stepped(BaseModel):
    """What was undone or redone, and how many edits can be now."""

    what: str
    changed: list[ChangedObject]
    undo: int
    redo: int


class History(BaseModel):
    undo: int
    redo: int
    notice: str
    path: str


class TempoSource(BaseModel):
    """Who could lead the tempo; `detail` says why not where he is not available."""

    id: str
    name: str
    available: bool
    detail: str


class Tempo(BaseModel):
    """The tempo and who leads it: `confidence` in percent, and so many ms later than he says."""

    bpm: float
    source: str
    state: Literal["manual", "waiting", "following", "lost"]
    confidence: int
    detail: str
    offset_ms: float
    taps: int
    sources: list[TempoSource]


class RecordStream(BaseModel):
    """What the hub has of one stream of a node's black box; times are Unix seconds."""

    mac: str
    stream: str
    records: int
    gaps: int
    boots: int
    from_: float = Field(alias="from")
    to: float


class RecordStreams(BaseModel):
    streams: list[RecordStream]


class Records(BaseModel):
    """Their columns depend on the stream."""

    records: list[dict[str, Any]]


class RecordMinutes(BaseModel):
    minutes: list[dict[str, Any]]


class Metrics(BaseModel):
    """The keys of the specification, and more beside them."""

    nodes: dict[str, int]
    udp: dict[str, Any]
    ws: dict[str, Any]
    audio: dict[str, Any]
    edges: dict[str, float]
    records: dict[str, Any]
    ota: dict[str, Any]
    osc: dict[str, int]
    events: dict[str, int]


class Anything(BaseModel):
    """An object that describes itself."""
