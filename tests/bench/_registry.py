"""The registry's part of the fan-out bench: a thousand nodes on a real hub, which streams to them meanwhile, and what
one keepalive costs without a socket.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lightwave import messages
from lightwave_hub.node import Node
from lightwave_hub.registry import NodeTable
from lightwave_hub.show_clock import ShowClock
from tests.bench._common import ROOT, not_measured, percentile
from tests.bench._keepalives import report

NODES = 1000
KEYS = ("ms_p50", "ms_p99", "per_s", "text_to_table_us_p50", "text_to_table_us_p99")


def measure(pin: Any, port: int, seconds: int) -> dict[str, Any]:
    """`pin(core, pid)` gives a process a core; `port` is the receivers', to which the hub streams meanwhile."""
    try:
        with _hub(pin, port) as url:
            command = [sys.executable, "-m", "tests.bench._keepalives", url.rsplit(":", 1)[1], str(NODES), str(seconds)]
            with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as nodes:
                pin(1, nodes.pid)
                answer, _ = nodes.communicate(timeout=60 + seconds)
            if nodes.returncode:
                return not_measured("the nodes failed; see above", *KEYS)
            with urllib.request.urlopen(f"{url}/metrics") as metrics:
                lateness = json.load(metrics)["udp"]["lateness_us"]["p99"]
    except OSError as error:
        return not_measured(str(error), *KEYS)
    return {**json.loads(answer), "tick_lateness_us_p99": lateness, **_text_to_table()}


def _text_to_table() -> dict[str, Any]:
    """What one keepalive costs from the text to the table, in a full table, without the socket."""
    clock = ShowClock()
    table = NodeTable(NODES, clock.now_us)
    texts: list[tuple[Node, str]] = []
    for number in range(NODES):
        hello = {"mac": f"02:4B:31:00:{number >> 8:02X}:{number & 255:02X}", "fw": "bench", "caps": {}, "topo": {}}
        node = table.hello(hello, "127.0.0.1")
        table.welcomed(node)
        texts.append((node, messages.build("ka", nodeId=node.node_id, token=node.token, **report(100))))
    us = []
    for node, text in texts:
        began = time.perf_counter_ns()
        table.keepalive(node, messages.parse(text, messages.NODE))
        us.append((time.perf_counter_ns() - began) / 1000)
    return {"text_to_table_us_p50": percentile(us, 50), "text_to_table_us_p99": percentile(us, 99)}


@contextlib.contextmanager
def _hub(pin: Any, udp_port: int) -> Iterator[str]:
    """A hub for so many nodes, in a process of its own; its URL."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "hub.toml"
        config.write_text(
            f'[hub]\nhost = "127.0.0.1"\nport = 0\nlog = "error"\n[stream]\nudp_port = {udp_port}\n'
            f"[show]\nbpm = 120.0\n[limits]\nnodes = {NODES}\n[store]\npath = '{folder}'\n",
            encoding="utf-8",
        )
        command = [sys.executable, "-m", "lightwave_hub.cli.main", "hub", "--config", str(config)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as hub:
            pin(None, hub.pid)
            try:
                assert hub.stdout is not None
                said = hub.stdout.readline().split()
                if not said:
                    raise OSError("the hub did not start; see above")
                yield said[-1].partition("#")[0].rstrip("/")
            finally:
                hub.terminate()
