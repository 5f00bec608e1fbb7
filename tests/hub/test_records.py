"""Records on the hub: kept exactly once, told with their time, thinned out, exported."""

import asyncio
import csv
import io
import json
import sqlite3

import pytest

from lightwave import black_box
from lightwave.records.page import DATA, GAP, Record
from lightwave_hub.records.keeper import Keeper, KeeperError, Retention
from tests.hub.support import MAC

DAY_S = 86400
NOW = 1_800_000_000.0


class Time:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
async def keeper(tmp_path, time):
    keeper = Keeper(tmp_path / "hub" / "records.db", Retention(raw_days=7, minutes_days=30, events_days=60), time)
    await keeper.open()
    yield keeper
    await keeper.close()


def lines(first, count, boot=1, fps=120.0):
    payload = black_box.pack_line("metrics", {"fps_a": fps})
    return [Record(boot, first + number, (first + number) * 1_000_000, DATA, payload) for number in range(count)]


async def everything(keeper, stream="metrics"):
    return await keeper.read(MAC, stream, 0, 1e10, 100_000)


async def test_a_record_is_kept_once_however_often_it_comes(keeper, time):
    assert await keeper.take(MAC, "metrics", 1, 10_000_000, lines(0, 10))
    time.now += 5
    assert await keeper.take(MAC, "metrics", 1, 15_000_000, lines(5, 10))
    assert [row["seq"] for row in await everything(keeper)] == list(range(15))
    assert (keeper.stats.records, keeper.stats.repeated) == (15, 5)


async def test_the_same_number_of_another_boot_is_another_record(keeper):
    await keeper.take(MAC, "metrics", 1, 10_000_000, lines(0, 3))
    await keeper.take(MAC, "metrics", 2, 10_000_000, lines(0, 3, boot=2))
    assert len(await everything(keeper)) == 6


async def test_records_have_the_time_at_which_they_were_noted(keeper):
    await keeper.take(MAC, "metrics", 1, 10_000_000, lines(0, 10))
    rows = await everything(keeper)
    assert [row["at"] for row in rows] == [NOW - 10 + number for number in range(10)]
    assert all(row["at_known"] for row in rows)


async def test_of_an_earlier_boot_the_time_is_not_known(keeper):
    await keeper.take(MAC, "metrics", 2, 5_000_000, lines(0, 3, boot=1))
    assert [(row["at"], row["at_known"], row["up_s"]) for row in await everything(keeper)] == [
        (NOW, False, 0), (NOW, False, 1), (NOW, False, 2),
    ]  # fmt: skip


async def test_what_is_missing_is_told(keeper):
    gap = Record(1, 3, 3_000_000, GAP, (3).to_bytes(4, "little") + (7).to_bytes(4, "little"))
    await keeper.take(MAC, "metrics", 1, 10_000_000, [*lines(0, 3), gap, *lines(8, 2)])
    rows = await everything(keeper)
    assert rows[3]["missing"] == {"first": 3, "last": 7, "why": "damaged"}
    assert (await keeper.summary())[0] | {"from": 0, "to": 0} == {
        "mac": MAC, "stream": "metrics", "records": 5, "gaps": 1, "boots": 1, "from": 0, "to": 0,
    }  # fmt: skip


async def test_old_metrics_become_minutes_and_then_go(keeper, time):
    for minute in range(3):
        await keeper.take(MAC, "metrics", 1, (60 * minute + 60) * 1_000_000, lines(60 * minute, 60, fps=100.0 + minute))
        time.now += 60
    before = await keeper.minutes(MAC, 0, 1e10)
    time.now += 8 * DAY_S
    assert await keeper.thin_out() == 180
    assert await everything(keeper) == []
    after = await keeper.minutes(MAC, 0, 1e10)
    assert after == before and {row["field"] for row in after} == {"fps_a"}
    assert sum(row["count"] for row in after) == 180
    assert min(row["least"] for row in after) == 100 and max(row["most"] for row in after) == 102
    time.now += 40 * DAY_S
    await keeper.thin_out()
    assert await keeper.minutes(MAC, 0, 1e10) == []


async def test_events_are_kept_longer(keeper, time):
    event = Record(1, 0, 0, DATA, "[BOOT] ☃".encode())
    await keeper.take(MAC, "events", 1, 0, [event])
    time.now += 59 * DAY_S
    await keeper.thin_out()
    assert [row["text"] for row in await everything(keeper, "events")] == ["[BOOT] ☃"]
    time.now += 2 * DAY_S
    await keeper.thin_out()
    assert await everything(keeper, "events") == []


async def test_a_database_that_fails_acknowledges_nothing(keeper, tmp_path):
    await keeper.take(MAC, "metrics", 1, 1_000_000, lines(0, 1))
    with sqlite3.connect(tmp_path / "hub" / "records.db") as other:
        other.execute("DROP TABLE record")
    assert not await keeper.take(MAC, "metrics", 1, 2_000_000, lines(1, 1))
    assert keeper.stats.failures == 1


async def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "records.db"
    path.write_text("this is no database, but it is long enough to look at" * 100)
    keeper = Keeper(path, Retention())
    with pytest.raises(KeeperError, match=r"records\.db cannot be used"):
        await keeper.open()
    await keeper.close()
    assert path.read_text().startswith("this is no")


async def offer(node, records, **changes):
    batch, last = black_box.pack_batch(records)
    message = {"t": "records", "stream": "metrics", "up_us": 10_000_000, "boot_now": 1, "batch": batch}
    await node.send(message | changes)
    return json.loads(await asyncio.wait_for(node.ws.receive_str(), 5)), last


async def test_a_node_is_told_when_its_records_are_kept(hub):
    node = await hub.joined()
    answer, last = await offer(node, lines(0, 20))
    assert answer == {
        "t": "records_ack",
        "nodeId": node.welcome["nodeId"],
        "stream": "metrics",
        "boot": 1,
        "seq": last.seq,
    }
    found = (await hub.get(f"/api/records/{MAC}/metrics"))["records"]
    assert [row["seq"] for row in found] == list(range(20)) and found[0]["fps_a"] == 120
    metrics = (await hub.get("/metrics"))["records"]
    assert (metrics["batches"], metrics["records"]) == (1, 20)


async def test_a_bad_batch_is_refused(hub):
    node = await hub.joined()
    answer, _ = await offer(node, lines(0, 1), batch="AAAABBBB")
    assert (answer["t"], answer["code"], answer["field"]) == ("reject", "bad_field", "batch")


async def test_records_come_as_csv_too(hub):
    node = await hub.joined()
    await offer(node, lines(0, 3))
    async with hub.http.get(f"{hub.url}/api/records/{MAC}/metrics?format=csv") as answer:
        assert answer.content_type == "text/csv"
        rows = list(csv.DictReader(io.StringIO(await answer.text())))
    assert [(row["seq"], row["fps_a"]) for row in rows] == [("0", "120.0"), ("1", "120.0"), ("2", "120.0")]
    minutes = (await hub.get(f"/api/records/{MAC}/minutes"))["minutes"]
    assert sum(row["count"] for row in minutes) == 3


@pytest.mark.parametrize(
    ("query", "field", "detail"),
    [
        ("/host", "stream", "metrics, events, audio"),
        ("/metrics?since=yesterday", "since", "a number 0.."),
        ("/metrics?limit=100001", "limit", "0..100000"),
        ("/metrics?format=xml", "format", "json or csv"),
    ],
)
async def test_bad_questions_are_named(hub, query, field, detail):
    async with hub.http.get(f"{hub.url}/api/records/{MAC}{query}") as answer:
        problem = await answer.json(content_type="application/problem+json")
    assert problem["field"] == field and detail in problem["detail"]
