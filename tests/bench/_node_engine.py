"""What the node's engine does where nothing waits: memory, queue and stream on a SIM node, snapshots in C threads."""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from lightwave_sim import SimError, SimNode, SimOptions
from tests.bench._common import ROOT, not_measured

FRAMES, QUICK_FRAMES = 100_000, 10_000
SNAPSHOT_READS = 10_000_000
TIMEOUT_S = 600
NATIVE = ROOT / "firmware" / "native"
TESTS = ROOT / "tests" / "native"
KEYS = ("heap_growth_bytes", "frames", "due_us_p99", "rx_us_p99")


def measure(quick: bool) -> dict[str, Any]:
    parts = [_on_a_node(quick), _snapshots()]
    figures = {key: value for part in parts for key, value in part.items()}
    if reasons := [part["why"] for part in parts if "why" in part]:
        figures["why"] = "; ".join(reasons)
    return figures


def _on_a_node(quick: bool) -> dict[str, Any]:
    """_node_script.py's figures."""
    files = {
        "/main.py": (Path(__file__).parent / "_node_script.py").read_text(),
        "/node_support.py": (ROOT / "tests" / "node" / "node_support.py").read_text(),
        "/bench.json": json.dumps({"frames": QUICK_FRAMES if quick else FRAMES}),
    }
    try:
        with tempfile.TemporaryDirectory() as folder, SimNode(SimOptions(Path(folder))) as node:
            node.write_files(files)
            node.start()
            figures: dict[str, Any] = json.loads(node.wait_for(r"^figures (\{.*\})$", TIMEOUT_S)[1])
    except SimError as error:
        return not_measured(str(error), *KEYS)
    return figures


def _snapshots() -> dict[str, Any]:
    """tests/native/lock_free.c's readers beside a writer at the pace of hops."""
    keys = ("snapshot_reads", "snapshot_torn")
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return not_measured("no C compiler", *keys)
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "lock_free")
        sources = [str(TESTS / "lock_free.c"), str(NATIVE / "snapshot.c")]
        command = [compiler, "-std=gnu99", "-O2", "-pthread", f"-I{NATIVE}", "-o", program, *sources]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        if built.returncode:
            return not_measured(built.stderr, *keys)
        done = subprocess.run(
            [program, "paced", str(SNAPSHOT_READS)], capture_output=True, text=True, check=True, timeout=TIMEOUT_S
        )
    counts = {name: int(value) for name, value in re.findall(r"(\w+)=(-?\d+)", done.stdout)}
    return {
        "snapshot_reads": counts["reads"],
        "snapshot_torn": counts["torn"] + counts["mixed"],
        "snapshot_writes": counts["hops"],
        "snapshot_retries": counts["retries"],
        "snapshot_failures": counts["failures"],
    }
