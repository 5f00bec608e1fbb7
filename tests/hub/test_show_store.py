"""The show's file: what is acknowledged stays, what fails changes nothing, and every edit can be undone."""

import asyncio
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightwave_hub import events
from lightwave_hub.errors import RequestError
from lightwave_hub.show.database import KEPT_EDITS, MIGRATIONS, Database
from lightwave_hub.show.document import Document
from lightwave_hub.show.errors import AbsentError, ConflictError, NotSavedError, StoreError
from lightwave_hub.show.models import CueList, Group, Scene, Schedule, Show
from lightwave_hub.show.store import Store


def scene(name, **changes):
    return Scene.model_validate({"name": name, "channels": {"a": {"effect": "pulse"}}} | changes)


def dump(document):
    return document.export().model_dump(mode="json")


@pytest.fixture
async def store(tmp_path):
    store = Store(tmp_path / "show.db", events.Hub())
    await store.open()
    yield store
    await store.close()


def create(kind, item):
    return lambda document: document.create(kind, item)


async def reopened(path):
    store = Store(path, events.Hub())
    kept = await store.open()
    await store.close()
    return store, kept


async def test_what_was_edited_and_kept_is_there_when_it_is_opened_again(tmp_path):
    store = Store(tmp_path / "deep" / "show.db", events.Hub())
    assert await store.open() == {}
    await store.edit(create("group", Group(name="Left", nodes=["AA:BB:CC:DD:EE:01"])))
    await store.edit(create("scene", scene("Ünicode Däwn", target={"group": "left"}, fade_ms=9)))
    await store.edit(create("scene", scene("Ünicode-Däwn")))
    await store.keep("playing", {"x": 1})
    await store.close()
    again, kept = await reopened(store.path)
    assert [item.id for item in again.document.items("scene")] == ["unicode-dawn", "unicode-dawn-2"]
    assert dump(again.document) == dump(store.document)
    assert kept == {"playing": {"x": 1}}


async def test_the_last_edits_are_undone_and_redone_across_a_restart(tmp_path):
    store = Store(tmp_path / "show.db", events.Hub())
    await store.open()
    for number in range(KEPT_EDITS + 5):
        await store.edit(create("scene", scene(f"scene {number}")))
    full = dump(store.document)
    for _ in range(20):
        await store.undo()
    await store.close()
    store = Store(tmp_path / "show.db", events.Hub())
    await store.open()
    assert await store.history() == (KEPT_EDITS - 20, 20)
    for _ in range(KEPT_EDITS - 20):
        await store.undo()
    with pytest.raises(ConflictError, match="nothing to undo"):
        await store.undo()
    assert [item.name for item in store.document.items("scene")] == [f"scene {number}" for number in range(5)]
    for _ in range(KEPT_EDITS):
        await store.redo()
    assert dump(store.document) == full
    with pytest.raises(ConflictError, match="nothing to redo"):
        await store.redo()
    await store.undo()
    await store.edit(create("scene", scene("another")))
    assert await store.history() == (KEPT_EDITS, 0), "a new edit ends what could be redone"
    await store.close()


NAMES = st.sampled_from(["one", "two", "three", "four"])
EDITS = st.lists(
    st.tuples(st.sampled_from(["create", "replace", "delete", "import", "undo", "redo"]), NAMES, NAMES), max_size=20
)


@settings(max_examples=40, deadline=None)
@given(EDITS)
def test_whatever_was_edited_undoing_all_of_it_gives_the_beginning(tmp_path_factory, edits):
    path = tmp_path_factory.mktemp("undo") / "show.db"

    async def check():
        store = Store(path, events.Hub())
        await store.open()
        beginning = dump(store.document)
        await store.edit(create("group", Group(id="left", name="Left")))
        await store.edit(create("scene", scene("zero", target={"group": "left"})))
        await store.edit(create("cue_list", CueList.model_validate({"name": "list", "cues": [{"scene": "zero"}]})))
        for what, name, other in edits:
            try:
                await _make(store, what, name, other)
            except RequestError:
                pass  # a taken name, nothing to undo: nothing has changed
        end, undoable = dump(store.document), (await store.history()).undo
        for _ in range(undoable):
            await store.undo()
        assert dump(store.document) == beginning
        for _ in range(undoable):
            await store.redo()
        assert dump(store.document) == end
        await store.close()
        again, _ = await reopened(path)
        assert dump(again.document) == end

    asyncio.run(check())


async def _make(store, what, name, other):
    if what in ("undo", "redo"):
        await getattr(store, what)()
    elif what == "import":
        show = store.document.export().model_dump(mode="json")
        show["scenes"] = [item for item in show["scenes"] if item["id"] != name][::-1]
        await store.edit(lambda document: document.replace_all(Show.model_validate(show)))
    elif what == "create":
        await store.edit(create("scene", scene(name)))
    elif what == "replace":
        await store.edit(lambda document: document.replace("scene", name, scene(other)))
    else:
        await store.edit(lambda document: document.delete("scene", name))


def test_names_ids_and_what_others_need_are_guarded():
    document = Document()

    def make(kind, item):
        document.apply(document.create(kind, item))

    make("group", Group(name="Left"))
    make("scene", scene("Dawn", target={"group": "left"}))
    make("cue_list", CueList.model_validate({"name": "Evening", "cues": [{"scene": "dawn"}]}))
    entry = {"name": "Daily", "days": ["mon"], "time": "20:00", "action": {"cue_list": "evening"}}
    make("schedule", Schedule.model_validate(entry))
    for kind, key, user in (
        ("group", "left", "scene 'Dawn'"),
        ("scene", "dawn", "cue list 'Evening'"),
        ("cue_list", "evening", "schedule entry 'Daily'"),
    ):
        with pytest.raises(ConflictError, match=f"is used by the {user}"):
            document.delete(kind, key)
    with pytest.raises(ConflictError, match="name: is taken by the scene with id 'dawn'"):
        document.create("scene", scene("DAWN"))
    with pytest.raises(ConflictError, match="id: is taken by the scene 'Dawn'"):
        document.create("scene", scene("Dusk", id="dawn"))
    with pytest.raises(RequestError, match=r"target\.group: there is no group 'right'"):
        document.replace("scene", "dawn", scene("Dawn", target={"group": "right"}))
    with pytest.raises(RequestError, match=r"cues\[0\]\.scene: there is no scene 'dusk'"):
        document.create("cue_list", CueList.model_validate({"name": "x", "cues": [{"scene": "dusk"}]}))
    with pytest.raises(RequestError, match="id: is 'dawn' in the path"):
        document.replace("scene", "dawn", scene("Dawn", id="dusk"))
    with pytest.raises(AbsentError):
        document.delete("scene", "dusk")


def test_there_is_a_most_of_everything():
    document = Document()
    for number in range(256):
        document.apply(document.create("group", Group(name=str(number))))
    with pytest.raises(ConflictError, match="there are already 256"):
        document.create("group", Group(name="one more"))


async def test_an_import_is_all_or_nothing(store):
    await store.edit(create("scene", scene("Dawn")))
    before = dump(store.document)
    wrong = before | {"cues": [{"id": "x", "name": "x", "cues": [{"scene": "nobody", "trigger": {"kind": "go"}}]}]}
    with pytest.raises(RequestError, match=r"cues\[0\]\.cues\[0\]\.scene: there is no scene 'nobody'"):
        await store.edit(lambda document: document.replace_all(Show.model_validate(wrong)))
    assert dump(store.document) == before
    assert await store.history() == (1, 0)


async def test_a_full_disk_refuses_an_edit_and_loses_nothing(store):
    await store.edit(create("scene", scene("Dawn")))
    before = dump(store.document)
    connection = store._database._connection
    await store._in_thread(connection.execute, "PRAGMA max_page_count=1")
    with pytest.raises(NotSavedError, match="the disk is full") as caught:
        for number in range(100):
            await store.edit(create("scene", scene(f"a scene that needs room {number}" + "x" * 20)))
            before = dump(store.document)
    assert caught.value.status == 507
    assert dump(store.document) == before
    await store._in_thread(connection.execute, "PRAGMA max_page_count=100000")
    await store.edit(create("scene", scene("Dusk")))
    again = dump(store.document)
    await store.undo()
    assert (dump(store.document), again != before) == (before, True)


@pytest.mark.parametrize("damage", ["garbage", "page", "body"])
async def test_a_damaged_file_is_kept_and_told(tmp_path, damage):
    path = tmp_path / "show.db"
    store = Store(path, events.Hub())
    await store.open()
    for number in range(100):
        await store.edit(create("scene", scene(f"scene {number}")))
    await store.close()
    if damage == "garbage":
        path.write_bytes(b"no database at all" * 1000)
    elif damage == "page":
        content = bytearray(path.read_bytes())
        content[8192:12288] = b"\xa5" * 4096
        path.write_bytes(content)
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE objects SET body = '{}' WHERE key = 'scene-7'")
        connection.close()
    spoilt = path.read_bytes()
    store, _ = await reopened(path)
    (kept,) = tmp_path.glob("show.db.damaged-*[0-9]")
    assert kept.name in store.notice and "is an empty one" in store.notice
    assert kept.read_bytes() == spoilt
    assert store.document.items("scene") == []


async def test_files_that_are_not_this_hub_s_are_left_alone(tmp_path, store):
    with pytest.raises(StoreError, match="another hub has it open"):
        Database(store.path)
    foreign = tmp_path / "other.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()
    before = foreign.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        Database(foreign)
    assert foreign.read_bytes() == before
    newer = Database(tmp_path / "newer.db")
    newer._connection.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    newer.close()
    with pytest.raises(StoreError, match="newer hub"):
        Database(tmp_path / "newer.db")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        Database(tmp_path / "file" / "show.db")


async def test_an_edit_is_told_to_those_who_listen(tmp_path):
    news = events.Hub()
    store = Store(tmp_path / "show.db", news)
    await store.open()
    listener = news.subscribe()
    await store.edit(create("scene", scene("Dawn")))
    told = await anext(listener)
    assert (told.kind, told.body["changed"]) == ("show", [{"kind": "scene", "id": "dawn", "deleted": False}])
    await store.close()


async def test_a_listener_that_falls_behind_is_closed_after_what_it_could_have():
    news = events.Hub()
    slow, quick = news.subscribe(), news.subscribe()
    for number in range(events.MAX_WAITING + 1):
        news.publish("log", {"number": number})
        await anext(quick)
    assert (slow.overflowed, quick.overflowed, len(news)) == (True, False, 1)
    assert [event.body["number"] async for event in slow] == list(range(events.MAX_WAITING))
