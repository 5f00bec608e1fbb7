"""The hub at work: how soon it answers and how punctual its ticks stay with 8 nodes at 100 Hz and 50 listeners.

Also how long it takes to start with a show of a thousand scenes, and, killed while it plays, to be back with that show
and what was playing; and the memory it has then. The hub is a process of its own, as are nodes and clients.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lightwave_hub.access import here
from tests.bench._common import ROOT, print_table, stolen_s, write_figures
from tests.bench._rest import TOKEN_VARIABLE, authorization
from tests.bench.fanout import PORT, _floor_us, _receiving

NODES = 8
LISTENERS = 50
SCENES = 1000
STARTS = 5
KEYS = (
    "rest_ms_p50", "rest_ms_p99", "look_ms_p99", "play_ms_p99", "edit_ms_p99", "event_ms_p50", "event_ms_p99",
    "tick_lateness_us_p99", "floor_us_p99", "start_s", "restart_s", "rss_mb",
)  # fmt: skip


def main(quick: bool) -> None:
    seconds = 8 if quick else 40
    with tempfile.TemporaryDirectory() as folder:
        with _hub(Path(folder)) as (url, _, _):
            _ask(url, "PUT", "/api/show", _large_show())
        starts = []
        for _ in range(STARTS):
            with _hub(Path(folder)) as (_, start_s, _):
                starts.append(start_s)
        with _hub(Path(folder)) as (url, _, hub), _receiving(NODES):
            figures = _measure(url, hub, seconds)
            playing = _ask(url, "GET", "/api/scene")["channels"]
            time.sleep(1)  # what plays is written a moment after it changed
            killed = time.perf_counter()
            hub.kill()
            hub.wait()
        with _hub(Path(folder)) as (url, _, _):
            restored = _ask(url, "GET", "/api/scene")["channels"]
            figures["restart_s"] = round(time.perf_counter() - killed, 3)
            figures["restored"] = _ids(restored) == _ids(playing)
    figures["start_s"] = round(sorted(starts)[STARTS // 2], 3)
    figures["floor_us_p99"] = _floor_us(2 if quick else 5)
    print_table(
        f"A hub with {NODES} nodes and {figures['subscribers']} listeners", ("", "figure"),
        [(key, figures[key]) for key in KEYS],
    )  # fmt: skip
    for failure in figures["failures"]:
        print(f"  failed: {failure}")
    write_figures("hub", figures)


def _measure(url: str, hub: "subprocess.Popen[str]", seconds: int) -> dict[str, Any]:
    _ask(url, "POST", "/api/tempo", {"bpm": 120})
    stolen_before = stolen_s()
    nodes = [sys.executable, "-m", "tests.bench._keepalives", url.rsplit(":", 1)[1], str(NODES), str(seconds + 4)]
    clients = [sys.executable, "-m", "tests.bench._rest", url, str(seconds)]
    with subprocess.Popen(nodes, cwd=ROOT, stdout=subprocess.DEVNULL) as fleet:
        _wait_for_nodes(url)
        with _listening(url) as heard:
            answer = subprocess.run(
                clients, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=60 + seconds
            )
        metrics = _ask(url, "GET", "/metrics")
        rss_mb = _rss_mb(hub.pid)
        fleet.wait()
    stolen = None if stolen_before is None else (stolen_s() or 0.0) - stolen_before
    return {
        **json.loads(answer.stdout),
        "subscribers": LISTENERS,
        "events": heard[0],
        "tick_lateness_us_p99": metrics["udp"]["lateness_us"]["p99"],
        "overruns": metrics["udp"]["overruns"],
        "skipped_ticks": metrics["udp"]["skipped"],
        "scheduling": metrics["udp"]["scheduling"],
        "rss_mb": rss_mb,
        "steal_pct": None if stolen is None else round(100 * stolen / seconds / (os.cpu_count() or 1), 1),
    }


@contextlib.contextmanager
def _hub(folder: Path) -> Iterator[tuple[str, float, "subprocess.Popen[str]"]]:
    """A hub on this show: its URL, the seconds until it answered, its process."""
    config = folder / "hub.toml"
    config.write_text(
        f'[hub]\nhost = "127.0.0.1"\nport = 0\nlog = "error"\n[stream]\nudp_port = {PORT}\ntime_port = 0\n'
        f"[store]\npath = '{folder}'\n",
        encoding="utf-8",
    )
    began = time.perf_counter()
    command = [sys.executable, "-m", "lightwave_hub.cli.main", "hub", "--config", str(config)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as hub:
        try:
            assert hub.stdout is not None
            said = hub.stdout.readline().split()
            if not said:
                raise OSError("the hub did not start; see above")
            url = said[-1].partition("#")[0].rstrip("/")
            # Requests carry a token, and are judged by it, as everybody's are.
            os.environ[TOKEN_VARIABLE] = here.token_for(url, folder)
            _ask(url, "GET", "/health")
            yield url, time.perf_counter() - began, hub
        finally:
            hub.terminate()


def _large_show() -> dict[str, Any]:
    looks = {"effect": "pulse", "palette": "ocean", "brightness": 200, "hue": 10}
    scenes = [{"id": f"s{i}", "name": f"scene {i}", "channels": {"a": looks, "b": looks}} for i in range(SCENES - 1)]
    cues = [{"scene": f"s{i}", "trigger": {"kind": "bar"}} for i in range(100)]
    return {"scenes": scenes, "cues": [{"id": "all", "name": "all", "cues": cues}]}


@contextlib.contextmanager
def _listening(url: str) -> Iterator[list[int]]:
    """LISTENERS of the event stream; at the end, how many events they heard."""
    command = [sys.executable, "-m", "tests.bench._listeners", url, str(LISTENERS)]
    heard: list[int] = []
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as listeners:
        assert listeners.stdout is not None
        if listeners.stdout.readline() != "ready\n":
            raise OSError("the listeners did not start; see above")
        yield heard
        said, _ = listeners.communicate(timeout=20)
        heard.append(int(said))


def _wait_for_nodes(url: str) -> None:
    end = time.monotonic() + 20
    while _ask(url, "GET", "/metrics")["nodes"]["ready"] < NODES:
        if time.monotonic() > end:
            raise OSError("the nodes did not become ready")
        time.sleep(0.1)


def _ask(url: str, method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, authorization(), method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def _ids(channels: dict[str, Any]) -> list[tuple[int, int, dict[str, Any]]]:
    """Without names, which the hub does not know until a node tells them."""
    return [(each["effect"], each["palette"], each["params"]) for each in channels.values()]


def _rss_mb(pid: int) -> float | None:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return None
    kilobytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return round(kilobytes / 1024, 1)
