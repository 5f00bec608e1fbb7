"""What is playing, kept on the disk so that a hub that was killed goes on where it was.

Written a moment after it changed, and not more often than it can matter: of a dragged slider the last place counts.
"""

import asyncio
import contextlib
import logging
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from lightwave.fields import Int
from lightwave_hub.checked import Rule
from lightwave_hub.conductor import Conductor
from lightwave_hub.errors import HubError
from lightwave_hub.log import event, show_log
from lightwave_hub.part import Block, Scores
from lightwave_hub.show.models import Byte, MacAddress, Truth
from lightwave_hub.show.panic import Panic
from lightwave_hub.show.player import Player
from lightwave_hub.show.schedule import Scheduler
from lightwave_hub.show.store import Store
from lightwave_hub.show_clock import MAX_BPM, MIN_BPM, ShowClock

NAME = "playing"
WRITE_AFTER_S = 0.2
RETRY_AFTER_S = 5.0
_Id = Annotated[int, Rule(Int(0, 65535))]


class _Kept(BaseModel):
    """Newer hubs may know more: what is not known here is passed over."""

    model_config = ConfigDict(extra="ignore")


class KeptBlock(_Kept):
    effect: _Id
    palette: _Id
    brightness: Byte
    speed: Byte
    intensity: Byte
    hue: Byte
    saturation: Byte
    blur: Byte
    flags: Byte


class KeptScores(_Kept):
    a: KeptBlock
    b: KeptBlock
    master: Byte
    lit: Truth

    def scores(self) -> Scores:
        return Scores(Block(**self.a.model_dump()), Block(**self.b.model_dump()), self.master, self.lit)


class KeptList(_Kept):
    current: int | None
    next: int | None
    due_s: float


class KeptPlayer(_Kept):
    scenes: dict[str, str]
    lists: dict[str, KeptList]


class Kept(_Kept):
    all: KeptScores
    nodes: dict[MacAddress, KeptScores]
    player: KeptPlayer
    bpm: float
    source: str = ""
    panic: bool
    was_lit: bool
    seen_s: float


class Keeper:
    """`note` that something changed; the rest happens by itself while `run` runs.

    `source` is who leads the tempo, for whoever knows tempo sources: kept, and brought back, as a name alone.
    """

    def __init__(
        self,
        store: Store,
        conductor: Conductor,
        clock: ShowClock,
        player: Player,
        panic: Panic,
        scheduler: Scheduler,
    ) -> None:
        self._store = store
        self._conductor = conductor
        self._clock = clock
        self._player = player
        self._panic = panic
        self._scheduler = scheduler
        self._changed = asyncio.Event()
        self.source = ""

    def note(self) -> None:
        self._changed.set()

    def restore(self, kept: dict[str, Any]) -> None:
        """Set everything to what was kept. Before anything plays."""
        if NAME not in kept:
            return
        try:
            state = Kept.model_validate(kept[NAME])
        except ValidationError as error:
            event(show_log, logging.ERROR, "what was playing is unreadable", why=error.errors()[0]["msg"])
            return
        self._conductor.restore({mac: scores.scores() for mac, scores in state.nodes.items()}, state.all.scores())
        if state.bpm == 0 or MIN_BPM <= state.bpm <= MAX_BPM:
            self._clock.set_tempo(state.bpm)
        self.source = state.source
        self._player.panic, self._panic.was_lit = state.panic, state.was_lit
        self._player.resume(state.player.model_dump())
        self._scheduler.resume(state.seen_s)

    async def run(self) -> None:
        while True:
            # What was planned plays without anybody's command: it is looked at again once its moment is over.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._planned_in_s())
            await asyncio.sleep(WRITE_AFTER_S)
            if not await self.save():
                await asyncio.sleep(RETRY_AFTER_S)
                self._changed.set()

    def _planned_in_s(self) -> float | None:
        moments_us = [change.moment_us(self._clock) for change in self._conductor.planned()[:1]]
        return max(0.0, (moments_us[0] - self._clock.now_us()) / 1e6) if moments_us else None

    async def save(self) -> bool:
        """Write it now; whether that was possible."""
        self._changed.clear()
        try:
            await self._store.keep(NAME, self.state())
            return True
        except HubError as error:
            event(show_log, logging.ERROR, "what is playing cannot be kept", why=error)
            return False

    def state(self) -> dict[str, Any]:
        scores, nodes = self._conductor.snapshot()
        return {
            "all": _described(scores),
            "nodes": {mac: _described(own) for mac, own in nodes.items()},
            "player": self._player.state(),
            "bpm": self._clock.bpm,
            "source": self.source,
            "panic": self._panic.on,
            "was_lit": self._panic.was_lit,
            "seen_s": self._scheduler.seen_s,
        }


def _described(scores: Scores) -> dict[str, Any]:
    return {
        "a": scores.a._asdict(),
        "b": scores.b._asdict(),
        "master": scores.master,
        "lit": scores.lit,
    }
