"""How far apart nodes are, and how well they know the hub's clock, on three models of WiFi.

Two measurements, never mixed. The spread is measured at the decoded LED pulses of four SIM nodes behind a relay: it has
this computer's scheduling in it. The estimator's errors come from virtual time, with exact clocks and the same air,
next to three simpler estimators on the very same exchanges.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

from lightwave_sim import SimError
from lightwave_sim.air import PROFILES, Weather
from lightwave_sim.fleet import Fleet, FleetOptions
from lightwave_sim.hub_process import HubFailed
from lightwave_sim.performance import CHANGE_PERIOD_S, Performance
from lightwave_sim.spread import every_frame, measure
from tests.bench import _sync_estimators
from tests.bench._common import not_measured, percentile, print_table, stolen_s, write_figures

NODES = 4
SKEW_PPM = 80.0  # two clocks 40 ppm off either way
AHEAD_S = 0.7  # scene changes are meant for so much later, as cues are
LOOK_S = 1.0
SETTLE_S = 2.0  # nodes that have just locked slew their frame grids
CHANGES, QUICK_CHANGES = 200, 10
HOURS, QUICK_HOURS = 4.0, 0.2
SIMULATED_NODES, QUICK_SIMULATED_NODES = 16, 4
LOSSY = Weather(delay_ms=2, delay_sigma=0.3, loss_pct=20)
LOSSY_CHANGES = 50
KEYS = ("spread_us", "change_spread_us", "edges", "edges_applied")


def main(quick: bool) -> None:
    changes = QUICK_CHANGES if quick else CHANGES
    hours, nodes = (QUICK_HOURS, QUICK_SIMULATED_NODES) if quick else (HOURS, SIMULATED_NODES)
    figures: dict[str, Any] = {"quick": quick}
    for name, weather in PROFILES.items():
        figures[name] = _sync_estimators.measure(name, hours, nodes) | at_the_leds(weather, changes)
    figures["loss_20"] = at_the_leds(LOSSY, QUICK_CHANGES if quick else LOSSY_CHANGES)
    for key in ("lock_s", "relock_s", "false_locks"):
        figures[key] = {name: figures[name][key] for name in PROFILES}
    figures["false_locks"] = sum(figures["false_locks"].values())
    show(figures)
    write_figures("sync", figures)


def at_the_leds(weather: Weather, changes: int) -> dict[str, Any]:
    try:
        with tempfile.TemporaryDirectory() as folder:
            fleet = Fleet(FleetOptions(Path(folder), nodes=NODES, skew_ppm=SKEW_PPM, weather=weather))
            with fleet:
                figures = _played(fleet, changes)
            return figures | {"relay_late_us": fleet.relay_lateness_us}
    except (SimError, HubFailed, TimeoutError) as error:
        return not_measured(str(error), *KEYS)


def _played(fleet: Fleet, changes: int) -> dict[str, Any]:
    performance = Performance(fleet, AHEAD_S)
    performance.wait_until_ready()
    time.sleep(SETTLE_S)
    stolen_before = stolen_s()
    performance.start(120.0)
    unlocked_s = _watch_locks(fleet, changes * CHANGE_PERIOD_S + AHEAD_S)
    performance.stop()
    fleet.check()
    stolen = None if stolen_before is None else (stolen_s() or 0.0) - stolen_before
    strips = fleet.strip_a()
    judged = measure(performance.changes, strips, performance.ended_ns)
    frames = every_frame(strips, performance.began_ns, performance.ended_ns)
    return {
        "spread_us": _percentiles([frame.spread_us for frame in frames.frames]),
        "frames": len(frames.frames),
        "frames_missed": frames.missed,
        "change_spread_us": _percentiles(judged.spread_us),
        "edges": len(judged.shown) + judged.missed,
        "edges_applied": len(judged.shown),
        "edges_late": sum(node["stats"].get("late", 0) for node in fleet.hub.get("/api/nodes")["nodes"]),
        "unlocked_s": unlocked_s,
        "stolen_s": stolen,
    }


def _watch_locks(fleet: Fleet, seconds: float) -> float:
    """Let the show go on; how long nodes were without a lock meanwhile, which is when edges apply on arrival: the sum
    over the nodes, seen once a second."""
    unlocked = looks = 0
    end = time.monotonic() + seconds
    while (left_s := end - time.monotonic()) > 0:
        time.sleep(min(LOOK_S, left_s))
        unlocked += sum(not node["locked"] for node in fleet.hub.get("/api/nodes")["nodes"])
        looks += 1
    return round(unlocked * seconds / looks, 1)


def _percentiles(values: list[float]) -> dict[str, float | None]:
    return {name: percentile(values, share) for name, share in (("p50", 50), ("p99", 99), ("max", 100))}


def show(figures: dict[str, Any]) -> None:
    print_table(
        "At the LEDs of four SIM nodes: first to last node, us",
        ("air", "frames", "p50", "p99", "max", "changes p50", "p99", "max", "shown by all", "unlocked s", "stolen s"),
        [_led_row(name, figures[name]) for name in (*PROFILES, "loss_20")],
    )
    rows = []
    for name in PROFILES:
        for key, who in (
            ("error_us", "ours"),
            ("error_first_minute_us", "ours, first minute"),
            ("baseline_median_us", "median of 200"),
            ("baseline_lpf_us", "low-pass"),
            ("baseline_last_us", "last sample"),
        ):
            rows.append((name, who, *figures[name][key].values()))
    print_table(
        "Error of the clock estimate after a minute, us, by virtual time",
        ("air", "estimator", "p50", "p95", "p99"),
        rows,
    )
    print_table(
        "Locks, by virtual time",
        ("air", "lock s p50", "max", "relock s p50", "max", "false", "error within bound %"),
        [
            (name, *each["lock_s"].values(), *each["relock_s"].values(), each["false_locks"], each["within_bound_pct"])
            for name, each in ((name, figures[name]) for name in PROFILES)
        ],
    )


def _led_row(name: str, figures: dict[str, Any]) -> tuple[object, ...]:
    if figures["spread_us"] is None:
        return (name, figures["why"].splitlines()[0], *[None] * 9)
    shown = f"{figures['edges_applied']} of {figures['edges']}"
    spreads = (*figures["spread_us"].values(), *figures["change_spread_us"].values())
    return (name, figures["frames"], *spreads, shown, figures["unlocked_s"], figures["stolen_s"])
