"""The record store: appends a second, what the flash is spared, recovery; SQLite beside it in the same run.

Appends are of 24-byte records, in RAM, with their CRC, one call each. The flash is a counting device under littlefs2 on
the SIM's MicroPython: programs are bytes, erases 4 KB blocks; the baseline appends and syncs each record by itself.
"""

import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from build import ensure_sim
from lightwave.records.disk import FileDisk
from lightwave.records.store import Settings, Store
from tests.bench._common import ROOT, not_measured, print_table, write_figures
from tests.dual.records_support import MemoryDisk
from tests.records.power_cuts import Promises, run
from tests.records.test_power_cuts import CutAtEveryWrite

PAYLOAD = bytes(24)
STREAMS = {"metrics": 8, "events": 2}
WEAR_RECORDS = 7200  # two hours
SEED_TARGET = 937_500


def main(quick: bool) -> None:
    count = 100_000 if quick else 1_000_000
    figures: dict[str, Any] = {"quick": quick, "target_appends_per_s": SEED_TARGET}
    figures["appends_per_s_cpython"] = _best_rate(_append_in_ram, count)
    figures["crc_and_pack_per_s"] = _best_rate(_only_pack, count)
    figures |= _on_sim(20_000)
    figures |= _flash_wear(WEAR_RECORDS // (10 if quick else 1))
    figures |= _recovery(2 if quick else 16)
    figures["sqlite_appends_per_s"] = _sqlite(count // 20, 1)
    figures["sqlite_batch_appends_per_s"] = _sqlite(count, 1000)
    figures |= _power_cuts(500 if quick else 20_000)
    print_table("Records", ("figure", "value"), list(figures.items()))
    write_figures("records", figures)


def _best_rate(work: Callable[[int], float], count: int) -> float:
    """The median of five; the machine is not ours alone."""
    return round(statistics.median(count / work(count) for _ in range(5)))


def _append_in_ram(count: int) -> float:
    """RAM is emptied by erasing, as an upload does, whenever half of it is full."""
    store = Store(None, STREAMS, Settings())
    stream = store.streams["metrics"]
    append = stream.append
    began = time.perf_counter()
    for number in range(count):
        append(PAYLOAD, number)
        if not number & 255:
            stream.erase(stream.next_seq - 1)
    return time.perf_counter() - began


def _only_pack(count: int) -> float:
    """What Python needs for the bytes of a record alone: one pack, one CRC, one copy."""
    from binascii import crc32
    from struct import pack

    buf = bytearray(4096)
    began = time.perf_counter()
    for number in range(count):
        head = pack("<BBIQ", 0xA0, 24, number, number) + PAYLOAD
        buf[0:42] = head + crc32(head, 5).to_bytes(4, "little")
    return time.perf_counter() - began


def _on_sim(count: int) -> dict[str, Any]:
    script = f"""
import sys, time
sys.path.insert(0, {str(ROOT / "shared")!r})
from lightwave.records.store import Store
stream = Store(None, {{"metrics": 2}}).streams["metrics"]
payload = bytes(24)
began = time.ticks_us()
for number in range({count}):
    stream.append(payload, number)
    if not number & 63:
        stream.erase(stream.next_seq - 1)
print({count} * 1000000 // time.ticks_diff(time.ticks_us(), began))
"""
    done = subprocess.run(
        [str(ensure_sim().binary), "-X", "heapsize=256K", "-c", script], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return not_measured(done.stdout + done.stderr, "appends_per_s_sim")
    return {"appends_per_s_sim": int(done.stdout)}


def _flash_wear(records: int) -> dict[str, Any]:
    """One record a second without a hub: our store, and each record appended to a file and synced."""
    script = Path(__file__).parent / "_records_wear.py"
    folders = [str(ROOT / "shared"), str(ROOT / "tests" / "records")]
    command = [str(ensure_sim().binary), "-X", "heapsize=8M", str(script), str(records), *folders]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return not_measured(done.stdout + done.stderr, "programs_saved_pct", "erases_saved_pct")
    ours, single = (
        dict(zip(("bytes", "erases"), map(int, line.split()), strict=True)) for line in done.stdout.splitlines()
    )
    return {
        "programs_saved_pct": round(100 * (1 - ours["bytes"] / single["bytes"]), 2),
        "erases_saved_pct": round(100 * (1 - ours["erases"] / single["erases"]), 2),
        "wear_records": records,
        "wear_ours": ours,
        "wear_write_through": single,
    }


def _recovery(megabytes: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(FileDisk(folder), STREAMS)
        began = time.perf_counter()
        while store.disk_bytes() < megabytes << 20:
            for number in range(1000):
                store.append("metrics", PAYLOAD, number)
            store.flush()
        flushed_s = time.perf_counter() - began
        began = time.perf_counter()
        again = Store(FileDisk(folder), STREAMS)
        recovered_s = time.perf_counter() - began
        began = time.perf_counter()
        found = len(again.streams["metrics"].read(1 << 30))
        read_s = time.perf_counter() - began
    return {
        "recovery_s_per_mb": round(recovered_s / megabytes, 5),
        "read_s_per_mb": round(read_s / megabytes, 4),
        "append_and_flush_s_per_mb": round(flushed_s / megabytes, 4),
        "recovered_records": found,
    }


def _sqlite(count: int, batch: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        base = sqlite3.connect(Path(folder) / "records.db", isolation_level=None)
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("PRAGMA synchronous=NORMAL")
        base.execute("CREATE TABLE record (seq INTEGER PRIMARY KEY, time_us INTEGER, payload BLOB)")
        began = time.perf_counter()
        for first in range(0, count, batch):
            base.execute("BEGIN")
            rows = ((seq, seq, PAYLOAD) for seq in range(first, min(count, first + batch)))
            base.executemany("INSERT INTO record VALUES (?, ?, ?)", rows)
            base.execute("COMMIT")
        took_s = time.perf_counter() - began
        base.close()
    return round(count / took_s)


def _power_cuts(wanted: int) -> dict[str, Any]:
    cuts = seed = lost = 0
    while cuts < wanted:
        disk, promises = MemoryDisk(), Promises()
        cutter = CutAtEveryWrite(disk, promises, seed)
        disk.before_write = cutter
        try:
            run(disk, promises, seed, steps=60)
        except AssertionError:
            lost += 1
        cuts += cutter.cuts
        seed += 1
    return {"power_cuts": cuts, "synced_lost": lost}
