"""Updates as a part of the running hub: releases are signed and kept, one rollout at a time is carried out.

Only the event loop's thread may call it, and it does not wait: `run` is the only task.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable
from typing import Any, Protocol

from lightwave import release as wire
from lightwave_hub.errors import RequestError
from lightwave_hub.log import event, failure, ota_log
from lightwave_hub.node import Node, State
from lightwave_hub.ota import images
from lightwave_hub.ota.errors import ImageError, RolloutError, StorageError, storing
from lightwave_hub.ota.plan import PUSH, ROLLBACK, VERSION_PATTERN, Options, members
from lightwave_hub.ota.rollout import OPEN, Rollout
from lightwave_hub.ota.signing import SigningKey
from lightwave_hub.ota.store import Line, Release, UpdateStore
from lightwave_hub.registry import NodeTable

STEP_S = 0.1
STORE_AGAIN_S = 5.0  # after the disk refused
MAX_RELEASES = 64  # 3 MB each at most
EXPIRES_DAYS = 365
DAY_S = 86400


class Sender(Protocol):
    """The control plane, as far as it is needed here."""

    async def send(self, node: Node, t: str, **fields: Any) -> bool: ...
    def address_of(self, node: Node) -> str: ...


class Updates:
    """`playing` says whether a show runs; `unix_s` is the time of day."""

    def __init__(
        self,
        store: UpdateStore,
        key: SigningKey,
        table: NodeTable,
        sender: Sender,
        playing: Callable[[], bool],
        unix_s: Callable[[], float] = time.time,
    ) -> None:
        self.store = store
        self.key = key
        self._table = table
        self._sender = sender
        self._playing = playing
        self._unix_s = unix_s
        self._adding = asyncio.Lock()
        self.on_change: list[Callable[[], None]] = []  # a release came or went, or a rollout took a step
        newest = store.newest_rollout()
        self.rollout = None if newest is None else Rollout.from_document(*newest)
        if self.rollout is not None and self.rollout.state in OPEN:
            event(ota_log, logging.INFO, "rollout goes on", rollout=self.rollout.number, version=self.rollout.version)

    # ---- releases

    async def add(self, data: bytes, version: str, board: str, expires_days: float = EXPIRES_DAYS) -> Release:
        """Read, sign and keep an image. Raises ImageError and StorageError."""
        image = await asyncio.to_thread(images.read, data)
        if wire.BOARDS.get(board) != image.kind:
            takes = ", ".join(f"{name} takes {kind}" for name, kind in wire.BOARDS.items())
            raise ImageError("board", f"{board or 'none'} does not take {image.kind}; {takes}")
        if image.version and not version:
            version = image.version
        if not re.fullmatch(VERSION_PATTERN, version):
            raise ImageError("version", "must be 1..32 letters, digits and . _ + -, a letter or digit first")
        async with self._adding:  # two at once could both find a version free
            return await self._keep_release(image, data, version, board, expires_days)

    async def _keep_release(
        self, image: images.Image, data: bytes, version: str, board: str, expires_days: float
    ) -> Release:
        known = self.store.release(version, board)
        if known is not None and known.sha256 != image.sha256:
            raise ImageError("version", f"{version} for {board} is another image already; count it up")
        if known is None and len(self.store.releases()) >= MAX_RELEASES:
            raise ImageError("version", f"the hub keeps {MAX_RELEASES} releases; remove one first")
        expires = int(self._unix_s() + expires_days * DAY_S)
        with storing():
            signed = self._signed(version, board, image.kind, image.size, image.sha256, expires)
            await asyncio.to_thread(self.store.put_image, image, data)
            self.store.put_release(signed)
            self._note("added", f"{version} for {board}, {image.size} bytes, {image.sha256}")
        return signed

    def find(self, version: str, board: str) -> Release:
        """Raises RequestError."""
        found = self.store.release(version, board)
        if found is None:
            raise RequestError("version", f"there is no release {version} for {board}", 404)
        return found

    def remove(self, version: str, board: str) -> None:
        """Raises RequestError, RolloutError and StorageError."""
        found = self.find(version, board)
        if self.rollout is not None and self.rollout.state in OPEN and self.rollout.version == version:
            raise RolloutError("version", f"rollout {self.rollout.number} is bringing it to the nodes")
        with storing():
            self.store.remove_release(found)
            self._note("removed", f"{version} for {board}")

    def _note(self, what: str, detail: str) -> None:
        self.store.note(Line(self._unix_s(), what, detail))
        self._changed()

    def _changed(self) -> None:
        for tell in self.on_change:
            tell()

    def _signed(self, version: str, board: str, kind: str, size: int, sha256: str, expires: int) -> Release:
        counter = self.store.next_counter(int(self._unix_s()))
        fields = {"version": version, "board": board, "kind": kind, "size": size, "sha256": sha256}
        try:
            statement = wire.encode({**fields, "name": wire.NAME, "counter": counter, "expires": expires})
        except wire.ReleaseError as error:
            raise ImageError(error.field, error.detail) from None
        signature = self.key.sign(statement)
        return Release(
            version, board, kind, size, sha256, counter, expires, statement.hex(), signature.hex(), int(self._unix_s())
        )

    def _sign_anew(self, old: Release) -> None:
        """The same image with a newer counter: the only way back to it, for nodes take nothing older."""
        expires = int(self._unix_s() + EXPIRES_DAYS * DAY_S)
        self.store.put_release(self._signed(old.version, old.board, old.kind, old.size, old.sha256, expires))

    def _of_version(self, version: str) -> list[Release]:
        found = [each for each in self.store.releases() if each.version == version]
        if not found:
            raise RolloutError("version", f"there is no release {version}; add one first")
        return found

    # ---- orders

    def push(self, version: str, options: Options) -> Rollout:
        """Begin a rollout to every node here whose board has this version. Raises RolloutError and StorageError."""
        if self.rollout is not None and self.rollout.state in OPEN:
            raise RolloutError("", f"rollout {self.rollout.number} to {self.rollout.version} is {self.rollout.state}")
        for each in self._of_version(version):
            if each.expires < self._unix_s():
                raise RolloutError("version", f"the signature of {version} for {each.board} has expired; add it again")
        macs = self._takers(version)
        for stage, named in (("dev", options.dev), ("staging", options.staging)):
            for mac in named:
                if mac not in macs:
                    raise RolloutError(stage, f"{mac} is not here, or takes no {version}")
        with storing():
            return self._begin(PUSH, version, options, macs)

    def roll_back(self, version: str, options: Options) -> Rollout:
        """The same to an older version, at once: no stages, no window, whatever plays. Ends a rollout under way."""
        releases = self._of_version(version)
        macs = self._takers(version)
        with storing():
            if self.rollout is not None and self.rollout.state in OPEN:
                self.rollout.abort()
                self._keep(self.rollout)
            for each in releases:
                self._sign_anew(each)
            return self._begin(ROLLBACK, version, options, macs)

    def _takers(self, version: str) -> list[str]:
        """MACs of the nodes here that take this version. Raises RolloutError when there are none."""
        boards = {each.board for each in self._of_version(version)}
        nodes = [node for node in self._table.nodes() if node.caps.get("board") in boards and node.caps.get("ota")]
        macs = [node.mac for node in nodes if node.state is not State.LOST]
        if not macs:
            raise RolloutError("", f"no node here takes {version}: it is for {', '.join(sorted(boards))} with a key")
        return macs

    def _begin(self, kind: str, version: str, options: Options, macs: list[str]) -> Rollout:
        rollout = Rollout(kind, version, options, members(macs, options, kind))
        begun = Line(self._unix_s(), kind, f"{version} to {len(macs)} nodes")
        rollout.number = self.store.put_rollout(None, rollout.state, rollout.document(), [begun])
        self.rollout = rollout
        self._changed()
        return rollout

    def change(self, order: str) -> Rollout:
        """pause, resume or abort. Raises RolloutError, and StorageError if a restart would not remember it."""
        rollout = self.rollout
        if rollout is None or rollout.state not in OPEN:
            raise RolloutError("", "no rollout is under way")
        {"pause": rollout.pause, "resume": rollout.resume, "abort": rollout.abort}[order]()
        with storing():
            self._keep(rollout)
        return rollout

    # ---- carrying out

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(STEP_S)
            try:
                await self.step()
            except StorageError as error:  # what is to be written down is kept for then
                event(ota_log, logging.ERROR, "rollout not stored", detail=error.detail)
                await asyncio.sleep(STORE_AGAIN_S)
            except Exception:  # a fault in one step must not end all updates
                failure(ota_log, "step failed")

    async def step(self) -> None:
        rollout = self.rollout
        if rollout is None:
            return
        nodes = {node.mac: node for node in self._table.nodes()}
        member = rollout.step(self._unix_s(), nodes, self._playing())
        if member is not None:
            await self._order(rollout, nodes[member.mac])
        if rollout.events:  # nothing that has to outlive the hub changes without one
            with storing():
                self._keep(rollout)

    async def _order(self, rollout: Rollout, node: Node) -> None:
        member = rollout.current
        found = self.store.release(rollout.version, node.caps.get("board", ""))
        if member is None or found is None:
            return
        rollout.ordered(member, node)
        try:
            with storing():
                self._keep(rollout)  # before it is sent: a hub that ends here does not order twice
        except StorageError as error:
            rollout.take_back(member, error.detail)
            raise
        await self._sender.send(
            node,
            "ota_update",
            version=found.version,
            url=f"http://{self._sender.address_of(node)}{found.url}",
            sha256=found.sha256,
            statement=found.statement,
            signature=found.signature,
            unix_s=int(self._unix_s()),
        )

    def _keep(self, rollout: Rollout) -> None:
        lines = [Line(self._unix_s(), *each) for each in rollout.events]
        self.store.put_rollout(rollout.number, rollout.state, rollout.document(), lines)
        for each in rollout.events:
            event(ota_log, logging.INFO, each.what, detail=each.detail, node=each.mac, rollout=rollout.number)
        rollout.events.clear()
        self._changed()

    # ---- telling

    def headline(self) -> dict[str, Any]:
        """Where the newest rollout stands, in a line; of no rollout only Nones."""
        rollout = self.rollout
        names = ("number", "kind", "version", "state", "stage", "why")
        return {name: None if rollout is None else getattr(rollout, name) for name in names}

    def figures(self) -> dict[str, Any]:
        """What /metrics says of updates."""
        rolling = self.rollout is not None and self.rollout.state in OPEN
        return {"rolling_update": rolling, "last_version": self.store.last_done()}

    def describe(self) -> dict[str, Any] | None:
        """The newest rollout with each node's progress, for people."""
        rollout = self.rollout
        return None if rollout is None else self._described(rollout.number, rollout.document())

    def describe_all(self, limit: int) -> list[dict[str, Any]]:
        """All rollouts as `describe` has them, the newest first."""
        return [self._described(number, document) for number, document in self.store.rollouts(limit)]

    def describe_one(self, number: int) -> dict[str, Any]:
        """Raises RequestError."""
        found = self.store.rollout(number)
        if found is None:
            raise RequestError("number", f"there is no rollout {number}", 404)
        return self._described(*found)

    def _described(self, number: int | None, document: dict[str, Any]) -> dict[str, Any]:
        said = {node.mac: node.ota for node in self._table.nodes()}
        for member in document["members"]:
            ota = said.get(member["mac"], {}) if member["state"] == "ordered" else {}
            about_this = ota.get("version", document["version"]) == document["version"]
            member["ota"] = ota if about_this else {}
        return {"number": number, **document}
