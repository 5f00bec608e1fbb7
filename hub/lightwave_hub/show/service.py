"""The show at work: its store, what plays it, and what is kept across a restart, made and ended in the right order."""

import asyncio
from pathlib import Path

from lightwave_hub import events
from lightwave_hub.conductor import Conductor
from lightwave_hub.registry import NodeTable
from lightwave_hub.show.document import Document
from lightwave_hub.show.errors import ConflictError
from lightwave_hub.show.keeper import Keeper
from lightwave_hub.show.models import Action
from lightwave_hub.show.panic import Panic
from lightwave_hub.show.player import Player
from lightwave_hub.show.schedule import Scheduler
from lightwave_hub.show.stage import Stage
from lightwave_hub.show.store import Store
from lightwave_hub.show_clock import ShowClock


class ShowService:
    """`start` before the first tick, so that nodes see nothing but what was playing; `stop` after the last request."""

    def __init__(self, path: Path, conductor: Conductor, table: NodeTable, clock: ShowClock) -> None:
        self.news = events.Hub()
        self.store = Store(path, self.news)
        self.stage = Stage(conductor, table, clock, self._document)
        self.player = Player(self.stage, conductor, clock, self._document, self.news)
        self.panic = Panic(conductor, self.player)
        self._conductor = conductor
        self.scheduler = Scheduler(self._document, self._act, self._scheduled)
        self.keeper = Keeper(self.store, conductor, clock, self.player, self.panic, self.scheduler)
        self.store.on_edit += [self.stage.follow, self.player.follow]
        self.player.on_change.append(self.keeper.note)
        conductor.on_change.append(self.keeper.note)

    async def start(self) -> None:
        """Raises StoreError."""
        kept = await self.store.open()
        self.keeper.restore(kept)
        self.stage.darken()
        self._tasks = [asyncio.create_task(self.keeper.run()), asyncio.create_task(self.scheduler.run())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.keeper.save()
        await self.player.close()
        await self.store.close()

    def _document(self) -> Document:
        return self.store.document

    def _scheduled(self) -> None:
        self.keeper.note()
        self.news.publish("show", {"changed": [{"kind": "schedule", "id": "", "deleted": False}], "what": "schedule"})

    def _act(self, action: Action) -> None:
        if self.panic.on:
            raise ConflictError("", "panic is on")
        if action.scene is not None:
            self.player.play(action.scene)
        elif action.cue_list is not None:
            self.player.stop(action.cue_list)
            self.player.go(action.cue_list)
        elif action.blackout is not None:
            self._conductor.master(lit=not action.blackout)
        elif action.master is not None:
            self._conductor.master(value=action.master)
