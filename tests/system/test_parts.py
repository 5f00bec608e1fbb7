"""Nodes that play different things stay on one clock: a change for all is in the same frame everywhere."""

import time

from lightwave_sim.fleet import Fleet
from lightwave_sim.spread import HUES, SceneChange, colour_of, measure, on_one_grid
from tests.system.conftest import FleetMaker, all_show, node_at, wait_for
from tests.system.test_show import solid


def plays_gradient(fleet: Fleet, number: int) -> bool:
    """Whether strip A of a node has shown several colours at once, four frames long."""
    frames = fleet.strip_a()[number][-4:]
    return len(frames) == 4 and all(any(frame.wire) and not colour_of(frame) for frame in frames)


def test_two_nodes_play_different_effects_and_a_change_for_all_is_in_one_frame(new_fleet: FleetMaker) -> None:
    with new_fleet(nodes=2, skew_ppm=60.0) as fleet:
        wait_for(lambda: on_one_grid(fleet.strip_a()), fleet, "the frame grids have met")
        fleet.hub.post("/api/scene", solid(0))
        shown, changes = 0, []
        for hue in (85, 170, 213):
            wait_for(lambda shown=shown: all_show(fleet, HUES[shown]), fleet, f"every strip shows hue {shown}")
            route = f"/api/nodes/{node_at(fleet, 1)['id']}/channels/a/effect"
            fleet.hub.post(route, {"value": "gradient"})
            wait_for(lambda: plays_gradient(fleet, 1), fleet, "the second node plays a gradient")
            assert colour_of(fleet.strip_a()[0][-1]) == HUES[shown], "the first node plays on"
            changes.append(SceneChange(time.monotonic_ns(), hue))
            fleet.hub.post("/api/scene", solid(hue))
            shown = hue
        wait_for(lambda: all_show(fleet, HUES[shown]), fleet, f"every strip shows hue {shown}")
        report = measure(changes, fleet.strip_a(), time.monotonic_ns() + 1_000_000_000)
    assert report.missed == 0
    assert len(report.spread_us) == 3
    # A frame lasts 16,667 us: a node that took the edge into another frame than the other would be that far off.
    assert sorted(report.spread_us)[1] < 8000
