"""Updates on SIM: a rollout over four nodes in a show, beside what the same machine did just before.

`rollout_s` is from the order to the last node's proof; each node must have been healthy for `trial_s` of it, which is
30 s on a board and less here. A node's bytes per second are from its request to its last write, hashing and writing
included (the SIM's flash takes no time); a plain aiohttp client fetches the same file from the same hub.
Frames are lost elsewhere when a node that is not being updated shows fewer than are due, by its journal. All share this
machine's cores, so some frames come more than a millisecond late: `frames_late_before` is how many did in as much time
without an update, `host_late_pct` how many wakes of a thread that only sleeps were as late during the rollout, in which
four nodes start anew.
"""

import asyncio
import os
import re
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import aiohttp

from lightwave_hub.ota.signing import load_or_create
from lightwave_sim import SimError, build_image
from lightwave_sim.fleet import Fleet, FleetOptions
from lightwave_sim.hub_process import HubFailed
from lightwave_sim.performance import Performance
from tests.bench._common import ROOT, not_measured, print_table, write_figures

NODES = 4
VERSION = "9.8.7"
CODE = f"import lightwave_node\nlightwave_node.VERSION = {VERSION!r}\n"
KEYS = ("rollout_s", "bytes_per_s", "aiohttp_bytes_per_s", "verify_s", "frames_lost_elsewhere")
ASK_PERIOD_S = 0.1
FETCHES = 5
FPS = 120
LATE_S = 0.001  # as the renderer counts a frame late
VERIFY = """
import sys, time
sys.path.append(sys.argv[1])
from lightwave import ed25519
key = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
signature = bytes.fromhex("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                          "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")
for _ in range(21):
    began = time.ticks_us()
    assert ed25519.verify(key, b"\\xaf\\x82", signature)
    print(time.ticks_diff(time.ticks_us(), began))
"""


def main(quick: bool) -> None:
    import build  # tools/: __main__ has put it on the path

    binary = build.ensure_sim().binary
    trial_s, size = (2, 400_000) if quick else (10, 1_500_000)
    try:
        figures = _rollout(trial_s, size)
    except (SimError, HubFailed, TimeoutError) as error:
        figures = not_measured(str(error), *KEYS)
    figures |= {"quick": quick, "trial_s": trial_s, "image_bytes": size, **_verify(binary), **_verify_on_xtensa(quick)}
    print_table("Updates over the air", ("", "figure"), [(key, value) for key, value in figures.items()])
    write_figures("ota", figures)


def _rollout(trial_s: int, size: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        key = load_or_create(folder / "hub" / "ota" / "signing.key").public
        config = {"update_key": key, "trial_s": trial_s}
        with Fleet(FleetOptions(folder, nodes=NODES, config=config)) as fleet:
            Performance(fleet).wait_until_ready()
            image = build_image(VERSION, CODE, payload=os.urandom(size))
            address = _add(fleet, image)
            plain = asyncio.run(_fetch_all(address, len(image)))
            before = _late_elsewhere(fleet, 5 * trial_s)
            began = time.monotonic()
            fleet.hub.post("/api/ota/push", {"version": VERSION, "soak_s": 0, "during_show": True})
            with HostNoise() as noise:
                late, seconds = _follow(fleet)
            took_s = time.monotonic() - began
            lost, seen = _lost_elsewhere(fleet, began, began + took_s)
            rollout = fleet.hub.get("/api/ota")["rollout"]
            if rollout["state"] != "done":
                raise TimeoutError(rollout["why"])
            consoles = "".join(node.console for node in fleet.nodes)
    speeds = [int(count) / int(ms) * 1000 for count, ms in re.findall(r"\[OTA\] (\d+) bytes in (\d+) ms", consoles)]
    return {
        "rollout_s": round(took_s, 2),
        "bytes_per_s": round(statistics.median(speeds)),
        "aiohttp_bytes_per_s": round(plain),
        "frames_lost_elsewhere": lost,
        "frames_elsewhere": seen,
        "frames_late_elsewhere": late,
        "frames_late_before": round(before * seconds / (5 * trial_s), 1),
        "host_late_pct": noise.late_pct,
    }


def _add(fleet: Fleet, image: bytes) -> str:
    async def post() -> str:
        async with aiohttp.ClientSession(headers=fleet.hub.headers) as session:
            url = f"{fleet.hub.url}/api/ota/images?board=K1_S3"
            async with session.post(url, data=image, raise_for_status=True) as answer:
                return fleet.hub.url + str((await answer.json())["url"])

    return asyncio.run(post())


async def _fetch_all(address: str, size: int) -> float:
    """Bytes a second, the median of some."""
    speeds = []
    async with aiohttp.ClientSession() as session:
        for _ in range(FETCHES):
            began = time.monotonic()
            async with session.get(address) as answer:
                assert len(await answer.read()) == size
            speeds.append(size / (time.monotonic() - began))
    return statistics.median(speeds)


def _lost_elsewhere(fleet: Fleet, began: float, ended: float) -> tuple[int, int]:
    """Frames that nodes did not show before their own update and after it, and those that they did. Times are of the
    monotonic clock."""
    since_1970 = time.time() - time.monotonic()
    members = {member["mac"]: member for member in fleet.hub.get("/api/ota")["rollout"]["members"]}
    lost = seen = 0
    for node, strip in zip(fleet.nodes, fleet.strip_a(), strict=True):
        member = members[node.options.mac]
        for since, until in (
            (began, member["ordered_s"] - since_1970),
            (member["done_s"] - since_1970, ended),
        ):
            shown = [frame.latch_ns / 1e9 for frame in strip if since <= frame.latch_ns / 1e9 <= until]
            seen += len(shown)
            if len(shown) > 1:
                lost += max(0, round((shown[-1] - shown[0]) * FPS) - (len(shown) - 1))
    return lost, seen


def _late(fleet: Fleet) -> dict[str, float]:
    """Late frames by MAC of the nodes that are in no update, as of their last keepalives."""
    rollout = fleet.hub.get("/api/ota")["rollout"] or {"members": []}
    away = {member["mac"] for member in rollout["members"] if member["state"] == "ordered"}
    return {
        node["mac"]: node["stats"]["frames_late"]
        for node in fleet.hub.get("/api/nodes")["nodes"]
        if node["mac"] not in away and node["state"] == "READY"
    }


def _late_elsewhere(fleet: Fleet, seconds: float) -> float:
    before = _late(fleet)
    time.sleep(seconds)
    return sum(_late(fleet)[mac] - late for mac, late in before.items())


def _follow(fleet: Fleet) -> tuple[int, float]:
    """Until the rollout ends: frames that nodes in no update were late with, and the seconds it took."""
    began = time.monotonic()
    late = 0.0
    known = _late(fleet)
    while fleet.hub.get("/api/ota")["rollout"]["state"] == "running":
        time.sleep(ASK_PERIOD_S)
        now = _late(fleet)
        # A node that is back from its own update counts from nought.
        late += sum(max(0.0, now[mac] - known[mac]) for mac in now if mac in known)
        known = now
    return int(late), time.monotonic() - began


class HostNoise:
    """How late this machine wakes a thread that only sleeps, while the context lasts."""

    def __enter__(self) -> "HostNoise":
        self._wakes = self._late = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def late_pct(self) -> float:
        return round(100 * self._late / max(1, self._wakes), 3)

    def _run(self) -> None:
        deadline = time.monotonic()
        while not self._stop.is_set():
            deadline += 1 / FPS
            time.sleep(max(0.0, deadline - time.monotonic()))
            self._wakes += 1
            self._late += time.monotonic() - deadline > LATE_S
            deadline = max(deadline, time.monotonic() - 1 / FPS)


def _verify(binary: Path) -> dict[str, Any]:
    done = subprocess.run(
        [str(binary), "-c", VERIFY.replace("sys.argv[1]", repr(str(ROOT / "shared")))],
        capture_output=True,
        text=True,
        check=True,
    )
    return {"verify_s": round(statistics.median(int(line) for line in done.stdout.split()) / 1e6, 4)}


def _verify_on_xtensa(quick: bool) -> dict[str, Any]:
    """Counted instructions as seconds at 240 MHz and 1.3 cycles each: an estimate, of code that no board has run."""
    keys = ("verify_instructions", "verify_xtensa_s")
    if quick:
        return dict.fromkeys(keys)
    from xtensa import ToolchainUnavailable, counting, figures, interpreter

    try:
        stretches = counting.count_topic(interpreter.ensure(), "signature")
    except ToolchainUnavailable:
        return dict.fromkeys(keys)
    found = {stretch.name: stretch.total for stretch in stretches}
    total = found["begin"] + found["step"] * 252 // 8 + found["end"]
    return {"verify_instructions": total, "verify_xtensa_s": round(figures.milliseconds(total) / 1000, 2)}
