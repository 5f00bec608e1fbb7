"""The show runs: joining, scene changes on the LEDs, sound to light."""

import sys
import time
from pathlib import Path
from typing import Any

from lightwave_sim.fleet import STRIP_A_PIN
from lightwave_sim.spread import HUES, SceneChange, colour_of, measure, on_one_grid
from tests.system.conftest import FleetMaker, all_show, known_nodes, node_at, wait_for

STRIP_B_PIN = 4


def solid(hue: int, channels: str = "ab") -> dict[str, object]:
    params = {"hue": hue, "saturation": 255, "brightness": 255}
    return {"channels": channels, "effect": "solid", "palette": 0, "params": params, "fade_ms": 0}


def test_four_nodes_join_lock_and_become_ready(new_fleet: FleetMaker) -> None:
    with new_fleet(nodes=4, skew_ppm=60.0) as fleet:
        nodes = known_nodes(fleet)
        assert [node["state"] for node in nodes] == ["READY"] * 4
        assert all(node["locked"] and node["lock_ms"] < 3000 for node in nodes)
        assert len({node["id"] for node in nodes}) == 4
        for node in nodes:
            assert node["stats"]["wire_a_us"] == node["stats"]["wire_b_us"] == 160 * 30
            assert min(node["stats"]["render_a_us_p99"], node["stats"]["render_b_us_p99"]) > 0


def test_the_nodes_clocks_are_asked_by_udp_and_told_in_the_metrics(new_fleet: FleetMaker) -> None:
    with new_fleet(nodes=2, skew_ppm=60.0) as fleet:
        metrics: dict[str, Any] = {}

        def told() -> bool:
            metrics.update(fleet.hub.get("/metrics"))
            return metrics["sync"]["nodes"] == metrics["sync"]["by_udp"] == 2

        wait_for(told, fleet, "both nodes tell their start error and their bound, and ask by UDP")
        assert metrics["sync"]["clocks"]["locked"] == 2
        assert metrics["sync"]["spread_us"]["max"] >= metrics["sync"]["bound_us_max"] > 0
        assert metrics["time"]["pongs"] >= 20 and metrics["time"]["refused"] == 0
        assert metrics["time"]["stamped"] == (metrics["time"]["pongs"] if sys.platform == "linux" else 0)


def test_a_scene_change_shows_on_every_strip_in_the_same_frame(new_fleet: FleetMaker) -> None:
    with new_fleet(nodes=3, skew_ppm=60.0) as fleet:
        # A node that has just locked slews its grid by 1 % of a frame a frame: it takes up to a second.
        wait_for(lambda: on_one_grid(fleet.strip_a()), fleet, "the frame grids have met")
        changes = []
        for hue in (85, 170, 43, 213):
            changes.append(SceneChange(time.monotonic_ns(), hue))
            fleet.hub.post("/api/scene", solid(hue))
            wait_for(lambda hue=hue: all_show(fleet, HUES[hue]), fleet, f"every strip shows hue {hue}")
        report = measure(changes, fleet.strip_a(), time.monotonic_ns() + 1_000_000_000)
    assert report.missed == 0
    assert len(report.spread_us) == 4
    # A frame lasts 16,667 us: a node that took the edge into another frame than the others would be that far off.
    assert sorted(report.spread_us)[len(report.spread_us) // 2] < 8000


def test_the_channels_show_different_scenes(new_fleet: FleetMaker) -> None:
    with new_fleet(nodes=1) as fleet:
        fleet.hub.post("/api/scene", solid(85, "a"))
        fleet.hub.post("/api/scene", solid(170, "b"))
        shown: dict[int, str] = {}

        def both() -> bool:
            shown.update((frame.pin, colour_of(frame)) for frame in fleet.nodes[0].journal.records()[-2:])
            return shown == {STRIP_A_PIN: "g", STRIP_B_PIN: "b"}

        wait_for(both, fleet, "strip A is green and strip B blue")


def test_sound_moves_the_spectrum(new_fleet: FleetMaker, sound: Path) -> None:
    with new_fleet(nodes=1, audio=sound) as fleet:
        fleet.hub.post("/api/scene", {"channels": "ab", "effect": "spectrum"})
        first = len(fleet.strip_a()[0])
        wait_for(
            lambda: len({frame.wire for frame in fleet.strip_a()[0][first:] if any(frame.wire)}) > 20,
            fleet,
            "more than 20 different lit frames",
        )
        wait_for(lambda: node_at(fleet, 0)["stats"].get("hops", 0) > 0, fleet, "the hub hears of audio hops")
        assert node_at(fleet, 0)["stats"]["torn"] == 0


def test_every_pulse_is_well_formed(new_fleet: FleetMaker) -> None:
    with new_fleet(nodes=1) as fleet:
        frames = fleet.nodes[0].journal.wait(240)
        assert not any(frame.malformed or frame.partial_byte for frame in frames)
        assert {len(frame) for frame in frames} == {160}
        assert {frame.pin for frame in frames} == {5, 4}
