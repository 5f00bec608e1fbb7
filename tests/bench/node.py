"""The node's real-time engine on SIM: frames and late frames of four nodes beside a hub, memory, queue, snapshots.

What is late here has two causes, the node and this machine: beside every figure of a fleet stands how late the same
machine woke a thread that only sleeps, in the same seconds. A native frame only has to be handed over in time; the
stock port needs the CPU at the very deadline, so there the machine's lateness is the frame's. Times in microseconds
are those of this machine's core.
"""

from typing import Any

from tests.bench import _node_engine, _node_fleet
from tests.bench._common import print_table, write_figures

SECONDS, QUICK_SECONDS = 30, 5
# table row, board, LEDs of both strips
FLEETS = (
    ("native 2 x 160, 120 FPS", "K1_S3", 160),
    ("native 2 x 180, 120 FPS", "K1_S3", 180),
    ("stock 2 x 160, 60 FPS", "GENERIC_S3", 160),
)


def main(quick: bool) -> None:
    import build  # tools/: __main__ has put it on the path

    build.ensure_sim()
    seconds = QUICK_SECONDS if quick else SECONDS
    fleets = {row: _node_fleet.measure(board, [leds, leds], seconds) for row, board, leds in FLEETS}
    native_160, native_180, stock = fleets.values()
    engine = _node_engine.measure(quick)
    figures = {"quick": quick, "native": {"160": native_160, "180": native_180}, "stock": stock, **engine}
    _print(fleets, engine)
    write_figures("node", figures)


def _print(fleets: dict[str, dict[str, Any]], engine: dict[str, Any]) -> None:
    keys = ("late_pct", "host_late_pct", "frames", "fps_worst_node", "render_us_p99", "host_noise_us_p99")
    rows = [
        (row, *(figures["fps"] or (None, None)), *(figures.get(key) for key in keys)) for row, figures in fleets.items()
    ]
    print_table(f"{_node_fleet.NODES} nodes and a hub", ("", "fps A", "fps B", *keys), rows)
    print_table("The engine", ("", "figure"), [(key, value) for key, value in engine.items() if key != "why"])
    for row, figures in {**fleets, "engine": engine}.items():
        if "why" in figures:
            print(f"{row}: {figures['why']}")
