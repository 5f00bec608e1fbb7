"""The show in memory: its objects, what an edit of it would be, and what forbids one. No disk, no time, no tasks.

An edit is made in two steps: these methods say what would change, or why it may not; `apply` changes it. In between the
edit is written down, so memory never knows what the disk does not. Applied backwards, it undoes itself.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from lightwave_hub.errors import RequestError
from lightwave_hub.show import models
from lightwave_hub.show.errors import AbsentError, ConflictError
from lightwave_hub.show.models import CueList, Group, Item, Scene, Schedule, Show, ShowNode


class Kind(NamedTuple):
    """One kind of object: its model, how many there may be, its word, its list's name in a whole show, its key."""

    model: type[Item]
    most: int
    word: str
    plural: str
    key: str = "id"


KINDS = {
    "node": Kind(ShowNode, models.MAX_NODES, "node", "nodes", "mac"),
    "group": Kind(Group, models.MAX_GROUPS, "group", "groups"),
    "scene": Kind(Scene, models.MAX_SCENES, "scene", "scenes"),
    "cue_list": Kind(CueList, models.MAX_CUE_LISTS, "cue list", "cues"),
    "schedule": Kind(Schedule, models.MAX_ENTRIES, "schedule entry", "schedule"),
}


class Record(NamedTuple):
    """An object and its place in lists of its kind: an undone deletion brings it back to where it was."""

    place: int
    item: Item


class Change(NamedTuple):
    kind: str
    key: str
    before: Record | None
    after: Record | None

    def inverse(self) -> "Change":
        return Change(self.kind, self.key, self.after, self.before)


class Edit(NamedTuple):
    """Changes that are made together, and what to call them: "delete scene Dawn"."""

    what: str
    changes: tuple[Change, ...]

    def inverse(self) -> "Edit":
        return Edit(self.what, tuple(change.inverse() for change in reversed(self.changes)))


class Document:
    def __init__(self) -> None:
        self._records: dict[str, dict[str, Record]] = {kind: {} for kind in KINDS}
        self._keys: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}  # by name, as names are compared
        self._last_place = dict.fromkeys(KINDS, 0)
        self._dumps: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}

    def items(self, kind: str) -> list[Any]:
        """All objects of a kind, in their order."""
        return [record.item for record in sorted(self._records[kind].values(), key=lambda record: record.place)]

    def dumped(self, kind: str) -> list[dict[str, Any]]:
        """All objects of a kind as JSON. Each is made into it once; nobody may change what this gives."""
        dumps = self._dumps[kind]
        items = self.items(kind)
        for item in items:
            if key_of(kind, item) not in dumps:
                dumps[key_of(kind, item)] = item.model_dump(mode="json")
        return [dumps[key_of(kind, item)] for item in items]

    def find(self, kind: str, key: str) -> Any:
        """The object, or None."""
        record = self._records[kind].get(key)
        return None if record is None else record.item

    def get(self, kind: str, key: str) -> Any:
        """Raises AbsentError."""
        return self._record(kind, key).item

    def export(self) -> Show:
        """The whole show."""
        everything: dict[str, Any] = {each.plural: self.items(kind) for kind, each in KINDS.items()}
        return Show.model_construct(**everything)

    def apply(self, edit: Edit) -> None:
        # Two objects of an edit may have exchanged their names: all old ones go before the new ones come.
        for kind, key, before, _ in edit.changes:
            self._dumps[kind].pop(key, None)
            if before is not None:
                del self._keys[kind][before.item.name.casefold()]
        for kind, key, _, after in edit.changes:
            if after is None:
                del self._records[kind][key]
            else:
                self._records[kind][key] = after
                self._keys[kind][after.item.name.casefold()] = key
                self._last_place[kind] = max(self._last_place[kind], after.place)

    # ---- what an edit would be

    def create(self, kind: str, item: Item) -> Edit:
        """One more object; without an id it gets one. Raises ConflictError, RequestError."""
        known, most = self._records[kind], KINDS[kind].most
        if len(known) >= most:
            raise ConflictError("", f"there are already {most}, the most of this kind")
        key = key_of(kind, item)
        if not key:
            key = _free_id(_name_of(item), known)
            item = item.model_copy(update={"id": key})
        if key in known:
            raise ConflictError(KINDS[kind].key, f"is taken by the {KINDS[kind].word} {_name_of(known[key].item)!r}")
        self._check(kind, key, item)
        return _edit("create", kind, Change(kind, key, None, Record(self._last_place[kind] + 1, item)))

    def replace(self, kind: str, key: str, item: Item) -> Edit:
        """Raises AbsentError, ConflictError, RequestError."""
        before = self._record(kind, key)
        name = KINDS[kind].key
        if key_of(kind, item) not in ("", key):
            raise RequestError(name, f"is {key!r} in the path; an id cannot be changed")
        item = item.model_copy(update={name: key})
        self._check(kind, key, item)
        return _edit("change", kind, Change(kind, key, before, Record(before.place, item)))

    def delete(self, kind: str, key: str) -> Edit:
        """Raises AbsentError, and ConflictError if another object needs it."""
        before = self._record(kind, key)
        user = next(self._users(kind, key), None)
        if user is not None:
            raise ConflictError("id", f"is used by the {user}")
        return _edit("delete", kind, Change(kind, key, before, None))

    def replace_all(self, show: Show) -> Edit:
        """Another show instead of this one. Raises RequestError naming the object at fault."""
        coming = Document()
        for kind, each in KINDS.items():
            for index, item in enumerate(getattr(show, each.plural)):
                path = f"{each.plural}[{index}]"
                if not key_of(kind, item):
                    raise RequestError(f"{path}.{each.key}", "is missing")
                try:
                    coming.apply(coming.create(kind, item))
                except RequestError as error:
                    raise RequestError(f"{path}.{error.field}", error.detail) from None
        changes = [
            Change(kind, key, record, coming._records[kind].get(key))
            for kind, records in self._records.items()
            for key, record in records.items()
        ]
        changes += [
            Change(kind, key, None, record)
            for kind, records in coming._records.items()
            for key, record in records.items()
            if key not in self._records[kind]
        ]
        return Edit("import a show", tuple(change for change in changes if change.before != change.after))

    # ---- what forbids one

    def _record(self, kind: str, key: str) -> Record:
        record = self._records[kind].get(key)
        if record is None:
            raise AbsentError(KINDS[kind].word, key)
        return record

    def _check(self, kind: str, key: str, item: Item) -> None:
        taken = self._keys[kind].get(item.name.casefold(), key)
        if taken != key:
            raise ConflictError("name", f"is taken by the {KINDS[kind].word} with {KINDS[kind].key} {taken!r}")
        for field, needed, other in _needs(item):
            if other not in self._records[needed]:
                raise RequestError(field, f"there is no {KINDS[needed].word} {other!r}")

    def _users(self, kind: str, key: str) -> Iterator[str]:
        for other, records in self._records.items():
            for record in records.values():
                if any((needed, name) == (kind, key) for _, needed, name in _needs(record.item)):
                    yield f"{KINDS[other].word} {_name_of(record.item)!r}"


def key_of(kind: str, item: Item) -> str:
    key: str = getattr(item, KINDS[kind].key)
    return key


def _name_of(item: Item) -> str:
    return item.name


def _edit(verb: str, kind: str, change: Change) -> Edit:
    record = change.after or change.before
    assert record is not None
    return Edit(f"{verb} {KINDS[kind].word} {_name_of(record.item)}", (change,))


def _needs(item: Item) -> Iterable[tuple[str, str, str]]:
    """Field, kind and id of every object that this one cannot do without. Nodes may come and go."""
    match item:
        case Scene(target=models.Target(group=str(group))):
            yield "target.group", "group", group
        case CueList():
            for index, cue in enumerate(item.cues):
                yield f"cues[{index}].scene", "scene", cue.scene
        case Schedule():
            if item.action.scene is not None:
                yield "action.scene", "scene", item.action.scene
            if item.action.cue_list is not None:
                yield "action.cue_list", "cue_list", item.action.cue_list


def _free_id(name: str, taken: dict[str, Record]) -> str:
    """From the name, so that people can type it: "Warm Intro" becomes warm-intro."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub("[^a-z0-9]+", "-", plain).strip("-")[:24].rstrip("-") or "untitled"
    number, found = 1, stem
    while found in taken:
        number += 1
        found = f"{stem}-{number}"
    return found
