"""What answers about updates look like: for the description of the API. Its tests compare every answer with it."""

from pydantic import BaseModel, Field

from lightwave_hub.ota.plan import STAGES


class Release(BaseModel):
    """A signed image. Nodes fetch it at `url`; `statement` (lightwave.release) and `signature` are hexadecimal."""

    version: str
    board: str
    kind: str
    url: str
    size: int
    sha256: str
    counter: int
    expires: int = Field(description="Unix seconds")
    statement: str
    signature: str
    added_s: int = Field(description="Unix seconds")


class Releases(BaseModel):
    """The newest first."""

    images: list[Release]


class Products(BaseModel):
    """`stable` is the newest release for K1_S3, or for any board where there is none; absent without releases."""

    stable: Release | None = None
    boards: dict[str, Release]


class Manifest(BaseModel):
    k1: Products


class Said(BaseModel):
    """The node's last ota_status; empty before the first."""

    state: str | None = None
    pct: int | None = None
    version: str | None = None
    detail: str | None = None


class RolloutMember(BaseModel):
    """One node of a rollout. Times are Unix seconds, 0 where it has not come to that."""

    mac: str
    stage: str = Field(description="one of " + ", ".join(STAGES))
    state: str = Field(description="waiting, ordered, done, skipped or failed")
    detail: str = Field(description="why it failed or was skipped")
    attempts: int = Field(description="orders sent so far")
    ota: Said
    session: int
    turn_s: float
    ordered_s: float
    done_s: float
    fps_before: list[float]
    late_at_done: float


class RolloutOptions(BaseModel):
    dev: list[str]
    staging: list[str]
    soak_s: float
    min_fps_pct: float
    max_late_pct: float
    max_loss_pct: float
    go_on: bool
    window: str
    during_show: bool


class Rollout(BaseModel):
    """`why` says what it waits for, or why it ended."""

    number: int
    kind: str = Field(description="push or rollback")
    version: str
    state: str = Field(description="running, paused, done, failed or aborted")
    why: str
    stage: str
    soak_until_s: float = Field(description="Unix seconds; 0 unless the stage soaks")
    options: RolloutOptions
    members: list[RolloutMember]


class RolloutAnswer(BaseModel):
    rollout: Rollout


class Rollouts(BaseModel):
    """The newest first."""

    rollouts: list[Rollout]


class Updates(BaseModel):
    """`public_key` is what nodes are provisioned with as `update_key`."""

    public_key: str
    releases: list[Release]
    rollout: Rollout | None


class AuditLine(BaseModel):
    number: int
    unix_s: float
    rollout: int | None
    mac: str
    what: str
    detail: str


class Audit(BaseModel):
    """The newest last."""

    audit: list[AuditLine]
