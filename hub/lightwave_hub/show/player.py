"""What plays: scenes, and cue lists that go on by themselves.

A cue that begins by itself is handed to the conductor a second before its moment, so it takes effect at exactly that
moment on every node, and until then an edit of it or of its scene still counts.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lightwave.constants import APPLY_AHEAD_US
from lightwave_hub import events
from lightwave_hub.conductor import NOW, Conductor, When
from lightwave_hub.errors import HubError, NoBeatError
from lightwave_hub.log import event, failure, show_log
from lightwave_hub.show.document import Document, Edit
from lightwave_hub.show.errors import ConflictError
from lightwave_hub.show.models import Cue, CueList, Scene, Trigger
from lightwave_hub.show.schedule import iso, next_time
from lightwave_hub.show.stage import Stage
from lightwave_hub.show_clock import BEATS_PER_BAR, ShowClock
from lightwave_hub.tick_stats import PERIOD_US

LEAD_US = 1_000_000
_LOOK_S = 0.1  # how often a cue that waits looks whether its moment has moved
_BEATS = {"beat": 1, "bar": BEATS_PER_BAR}


@dataclass(slots=True)
class _Run:
    """A cue list at work: the cue that began last and when, the one that comes next, and what waits for it."""

    current: int | None = None
    began_us: int = 0
    next: int | None = None
    due_us: int = 0  # of the next one, where a time decides
    task: "asyncio.Task[None] | None" = None
    edges: list[int] = field(default_factory=list)  # handed to the conductor, not yet begun


class Player:
    """For the event loop's thread; `document` gives the show as it is now."""

    def __init__(
        self,
        stage: Stage,
        conductor: Conductor,
        clock: ShowClock,
        document: Callable[[], Document],
        news: events.Hub,
    ) -> None:
        self.panic = False  # see Panic: no cue begins while it is on
        self.on_change: list[Callable[[], None]] = []
        self._stage = stage
        self._conductor = conductor
        self._clock = clock
        self._document = document
        self._news = news
        self._runs: dict[str, _Run] = {}
        self._scenes: dict[str, str] = {}  # begun last, by whom they are for

    # ---- scenes

    def play(self, key: str, when: When = NOW, fade_ms: int | None = None) -> list[int]:
        """Begin a scene; the edge ids. Raises AbsentError, RequestError, ShowBusyError."""
        scene: Scene = self._document().get("scene", key)
        edges = self._stage.play(scene, when, fade_ms)
        if scene.target is None:
            self._scenes.clear()
        target = scene.target.model_dump_json() if scene.target else ""
        self._scenes.pop(target, None)
        self._scenes[target] = key
        self._changed()
        return edges

    # ---- cue lists

    def go(self, key: str) -> None:
        """Start a cue list, or begin its next cue now; after the last one it starts anew.

        Raises AbsentError, ConflictError, RequestError, ShowBusyError."""
        cues = self._cues(key)
        if self.panic:
            raise ConflictError("", "panic is on; release it first")
        if not cues:
            raise ConflictError("cues", "the list has no cue to begin")
        run = self._runs.get(key)
        if run is None or run.next is None or run.next >= len(cues):
            self.stop(key)
            run = self._runs[key] = _Run(began_us=self._clock.now_us())
            if cues[0].trigger.kind != "go":
                self._arm(key, run, 0)
                self._changed()
                return
            run.next = 0
        self._begin(key, run, run.next or 0)

    def back(self, key: str) -> None:
        """Begin the cue before the present one again. Raises as `go` does."""
        cues = self._cues(key)
        run = self._runs.get(key)
        if run is None or not run.current:
            raise ConflictError("", "there is no cue before this one")
        if self.panic:
            raise ConflictError("", "panic is on; release it first")
        self._begin(key, run, min(run.current, len(cues)) - 1)

    def stop(self, key: str) -> None:
        """What the list plays stays; what waits of it does not begin. Raises AbsentError."""
        self._cues(key)
        run = self._runs.pop(key, None)
        if run is not None:
            self._disarm(run)
            self._changed()

    def stop_all(self) -> None:
        """Stop every list, and forget where it was."""
        for run in self._runs.values():
            self._disarm(run)
        self._runs.clear()
        self._changed()

    async def close(self) -> None:
        """No cue begins any more; `state` still says which would have."""
        tasks = [run.task for run in self._runs.values() if run.task is not None]
        for run in self._runs.values():
            self._disarm(run)
        await asyncio.gather(*tasks, return_exceptions=True)

    def describe(self, key: str) -> dict[str, Any]:
        """Where a cue list stands."""
        run, cue_list = self._runs.get(key), self._document().find("cue_list", key)
        if run is None or cue_list is None:
            return {"id": key, "current": None, "waiting": None}
        waiting = None
        if run.next is not None and run.next < len(cue_list.cues):
            kind = cue_list.cues[run.next].trigger.kind
            at = iso(self._wall_s(run.due_us)) if kind in ("at", "follow") else None
            waiting = {"cue": run.next, "trigger": kind, "at": at}
        return {"id": key, "current": run.current, "waiting": waiting}

    def playing(self) -> dict[str, Any]:
        """What plays, for people."""
        known = self._document()
        return {
            "scenes": [key for key in self._scenes.values() if known.find("scene", key) is not None],
            "lists": [self.describe(key) for key in self._runs],
            "panic": self.panic,
        }

    def follow(self, edit: Edit) -> None:
        """A list that was deleted stops; one that was changed waits for what it says now."""
        for kind, key, _, after in edit.changes:
            run = self._runs.get(key) if kind == "cue_list" else None
            if run is None:
                continue
            self._disarm(run)
            if after is None:
                del self._runs[key]
            elif run.next is not None:
                self._arm(key, run, run.next)
            self._changed()

    # ---- across a restart

    def state(self) -> dict[str, Any]:
        """What `resume` needs."""
        lists = {
            key: {"current": run.current, "next": run.next, "due_s": self._wall_s(run.due_us)}
            for key, run in self._runs.items()
        }
        return {"scenes": self._scenes, "lists": lists}

    def resume(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken, perhaps in another process: what waited for a time begins late if need be."""
        known = self._document()
        self._scenes = dict(state["scenes"])
        for key, saved in state["lists"].items():
            cue_list: CueList | None = known.find("cue_list", key)
            if cue_list is None:
                continue
            run = self._runs[key] = _Run(saved["current"], self._clock.now_us())
            if saved["next"] is not None and saved["next"] < len(cue_list.cues):
                self._arm(key, run, saved["next"])
                if cue_list.cues[saved["next"]].trigger.kind == "follow":
                    run.due_us = self._hub_us(saved["due_s"])

    # ---- within

    def _cues(self, key: str) -> list[Cue]:
        cue_list: CueList = self._document().get("cue_list", key)
        return cue_list.cues

    def _begin(self, key: str, run: _Run, index: int) -> None:
        """The cue, now."""
        cue = self._cues(key)[index]
        self.play(cue.scene, NOW, cue.fade_ms)
        self._disarm(run)
        self._began(key, run, index, self._clock.now_us() + APPLY_AHEAD_US)

    def _began(self, key: str, run: _Run, index: int, moment_us: int) -> None:
        run.current, run.began_us = index, moment_us
        run.edges = []
        self._arm(key, run, index + 1)
        event(show_log, logging.INFO, "cue", list=key, cue=index)
        self._changed()

    def _arm(self, key: str, run: _Run, index: int) -> None:
        """Let the cue begin by itself, if it is one that does."""
        cue_list: CueList | None = self._document().find("cue_list", key)
        run.next = index if cue_list is not None and index < len(cue_list.cues) else None
        run.task = None
        if cue_list is None or run.next is None or cue_list.cues[index].trigger.kind == "go":
            return
        trigger = cue_list.cues[index].trigger
        if trigger.kind == "follow":
            run.due_us = run.began_us + (trigger.after_ms or 0) * 1000
        elif trigger.time is not None:
            run.due_us = self._hub_us(next_time(trigger.time, time.time()))
        run.task = asyncio.create_task(self._wait(key, run, index, trigger))

    def _disarm(self, run: _Run) -> None:
        if run.task is not None:
            run.task.cancel()
            run.task = None
        self._stage.cancel(run.edges)
        run.edges = []

    async def _wait(self, key: str, run: _Run, index: int, trigger: Trigger) -> None:
        try:
            # The next beat is one after the cue before, and that cue may still be on its way.
            await self._pass(When(at_us=run.began_us))
            when = await self._reach(run, trigger, LEAD_US)
            cue = self._cue(key, index)
            if cue is None:
                return
            try:
                run.edges = self.play(cue.scene, when, cue.fade_ms)
            except HubError as error:  # the list goes on: the next cue may be one that can be played
                event(show_log, logging.ERROR, "cue not played", list=key, cue=index, why=error)
            await self._pass(when)
            if self._runs.get(key) is run:
                self._began(key, run, index, self._moment_us(when) or self._clock.now_us())
        except Exception:
            failure(show_log, "cue list failed", list=key, cue=index)

    async def _pass(self, when: When) -> None:
        """Wait until a moment is there; one on a beat may move meanwhile."""
        left_us = self._moment_us(when) - self._clock.now_us()
        while left_us > 0:
            await asyncio.sleep(min(left_us / 1e6, _LOOK_S))
            left_us = self._moment_us(when) - self._clock.now_us()

    async def _reach(self, run: _Run, trigger: Trigger, lead_us: int) -> When:
        """Wait until the moment of a cue is at most `lead_us` away; that moment."""
        soonest_us = APPLY_AHEAD_US + PERIOD_US
        every = _BEATS.get(trigger.kind, (trigger.bars or 0) * BEATS_PER_BAR)
        when = NOW
        while True:
            now_us = self._clock.now_us()
            if every and not (when.every and self._clock.time_of_beat(when.beat)):
                try:
                    when = self._conductor.next_beat(every)
                except NoBeatError:  # it waits for that too
                    await asyncio.sleep(_LOOK_S)
                    continue
            left_us = (self._moment_us(when) if every else run.due_us) - now_us
            if left_us <= lead_us:
                return when if every else When(at_us=max(run.due_us, now_us + soonest_us))
            await asyncio.sleep(min((left_us - lead_us) / 1e6, _LOOK_S))

    def _cue(self, key: str, index: int) -> Cue | None:
        """None when it was deleted meanwhile."""
        cue_list: CueList | None = self._document().find("cue_list", key)
        return cue_list.cues[index] if cue_list is not None and index < len(cue_list.cues) else None

    def _moment_us(self, when: When) -> int:
        return (self._clock.time_of_beat(when.beat) or 0) if when.every else when.at_us

    def _wall_s(self, at_us: int) -> float:
        return time.time() + (at_us - self._clock.now_us()) / 1e6

    def _hub_us(self, at_s: float) -> int:
        return self._clock.now_us() + round((at_s - time.time()) * 1e6)

    def _changed(self) -> None:
        self._news.publish("playing", self.playing())
        for listener in self.on_change:
            listener()
