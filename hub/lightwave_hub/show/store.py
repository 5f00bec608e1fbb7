"""The show as the hub has it: memory to read, one thread to write the disk, and edits that are either both or neither.

Reading never waits. An edit waits for the disk, in a thread of its own: neither ticks nor other requests do. Edits are
made one after another, each checked against the show that the one before left.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from lightwave_hub import events
from lightwave_hub.log import event, show_log
from lightwave_hub.show.database import Database
from lightwave_hub.show.document import Document, Edit
from lightwave_hub.show.errors import ConflictError, NotSavedError

_T = TypeVar("_T")


class History(NamedTuple):
    undo: int  # how many edits can be undone
    redo: int


class Store:
    """`document` is for reading only; it changes when an edit is safe on the disk."""

    def __init__(self, path: Path, news: events.Hub) -> None:
        self.path = path
        self.document = Document()
        self.notice = ""  # what had to be done to open the file
        self.on_edit: list[Callable[[Edit], None]] = []
        self._news = news
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="k1-store")
        self._lock = asyncio.Lock()
        self._closed = False

    async def open(self) -> dict[str, Any]:
        """Read the file; gives what `keep` was given last. Raises StoreError."""
        try:
            self._database = await self._in_thread(Database, self.path)
        except BaseException:
            self._thread.shutdown()
            raise
        self.document, self.notice = self._database.document, self._database.notice
        if self.notice:
            event(show_log, logging.ERROR, "show lost", path=self.path, notice=self.notice)
        return await self._in_thread(self._database.kept)

    async def close(self) -> None:
        """Returns when all that was begun is on the disk."""
        async with self._lock:
            self._closed = True
            await self._in_thread(self._database.close)
            self._thread.shutdown()

    async def edit(self, plan: Callable[[Document], Edit]) -> Edit:
        """Make the edit that `plan` asks of the document; `plan` may refuse. Raises NotSavedError."""
        return await self._undisturbed(self._edit, plan)

    async def undo(self) -> Edit:
        """Take back the newest edit. Raises ConflictError if there is none, NotSavedError."""
        return await self._undisturbed(self._step, True)

    async def redo(self) -> Edit:
        """Make again what was undone last. Raises ConflictError if there is nothing, NotSavedError."""
        return await self._undisturbed(self._step, False)

    async def history(self) -> History:
        async with self._lock:
            self._check_open()
            return History(*await self._in_thread(self._database.depth))

    async def keep(self, name: str, body: Any) -> None:
        """Keep something that is not the show but has to survive with it. Raises NotSavedError."""
        async with self._lock:
            self._check_open()
            await self._in_thread(self._database.keep, name, body)

    async def _undisturbed(self, step: Callable[[Any], Any], argument: Any) -> Edit:
        """A request that is given up must not leave memory behind the disk."""
        result: Edit = await asyncio.shield(asyncio.ensure_future(step(argument)))
        return result

    async def _edit(self, plan: Callable[[Document], Edit]) -> Edit:
        async with self._lock:
            self._check_open()
            edit = plan(self.document)
            if edit.changes:
                await self._in_thread(self._database.save, edit)
                self._made(edit, edit.what)
            return edit

    async def _step(self, back: bool) -> Edit:
        async with self._lock:
            self._check_open()
            edit = await self._in_thread(lambda: self._database.step(back=back))
            if edit is None:
                raise ConflictError("", f"there is nothing to {'undo' if back else 'redo'}")
            self._made(edit, f"{'undo' if back else 'redo'}: {edit.what}")
            return edit

    def _made(self, edit: Edit, what: str) -> None:
        self.document.apply(edit)
        for listener in self.on_edit:
            listener(edit)
        event(show_log, logging.INFO, what)
        self._news.publish("show", {"changed": changed(edit), "what": what})

    def _check_open(self) -> None:
        if self._closed:
            raise NotSavedError("the hub is stopping")

    async def _in_thread(self, function: Callable[..., _T], *arguments: Any) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)


def changed(edit: Edit) -> list[dict[str, Any]]:
    """What an edit touched, as events and answers tell it."""
    return [{"kind": kind, "id": key, "deleted": after is None} for kind, key, _, after in edit.changes]
