"""What happens when something goes away and comes back."""

import time
from itertools import cycle, islice

from lightwave_sim.air import Weather
from lightwave_sim.spread import colour_of
from tests.system.conftest import FleetMaker, all_show, node_at, states, wait_for
from tests.system.test_show import solid

NS_PER_S = 1_000_000_000


def test_a_killed_hub_is_outlived_and_rejoined(new_fleet: FleetMaker) -> None:
    with new_fleet(nodes=2) as fleet:
        fleet.hub.post("/api/scene", solid(85))
        wait_for(lambda: all_show(fleet, "g"), fleet, "both strips are green")
        fleet.hub.kill()
        killed_ns = time.monotonic_ns()
        for node in fleet.nodes:
            node.wait_for(r"\[FALLBACK\]", timeout=3)
        # The strips hold the scene: not one frame since the kill differs.
        for node in fleet.nodes:
            node.journal.wait(len(node.journal.records()) + 20)
        for strip in fleet.strip_a():
            held = [frame for frame in strip if frame.start_ns > killed_ns]
            assert len(held) >= 10
            assert {colour_of(frame) for frame in held} == {"g"}
        fleet.hub.start()
        back_s = wait_for(lambda: states(fleet) == ["READY", "READY"], fleet, "both nodes are READY again")
        assert back_s < 5


def test_a_node_that_loses_power_comes_back_and_harms_nobody(new_fleet: FleetMaker) -> None:
    with new_fleet(nodes=2) as fleet:
        fleet.nodes[0].kill()
        wait_for(lambda: node_at(fleet, 0)["state"] == "LOST", fleet, "the hub has lost node 1")
        assert node_at(fleet, 1)["state"] == "READY"
        node_id = node_at(fleet, 0)["id"]
        fleet.nodes[0].power_on()
        wait_for(lambda: node_at(fleet, 0)["state"] == "READY", fleet, "node 1 is READY again")
        assert node_at(fleet, 0)["id"] == node_id
        assert node_at(fleet, 1)["state"] == "READY"


def test_a_node_finds_its_access_point_again(new_fleet: FleetMaker) -> None:
    with new_fleet(nodes=1) as fleet:
        fleet.nodes[0].wait_for(r"\[WIFI\] joined")
        fleet.nodes[0].access_point(False)
        fleet.nodes[0].wait_for(r"\[WIFI\] joining", timeout=5)
        fleet.nodes[0].access_point(True)
        fleet.nodes[0].wait_for(r"\[CTRL\] welcome", timeout=10)
        wait_for(lambda: states(fleet) == ["READY"], fleet, "the node is READY again")


def test_edges_survive_loss_reordering_and_duplicates(new_fleet: FleetMaker) -> None:
    weather = Weather(jitter_ms=15.0, loss_pct=20.0, duplicate_pct=10.0)
    with new_fleet(nodes=4, weather=weather, ready=("READY", "DEGRADED")) as fleet:
        for hue, colour in islice(cycle(((0, "r"), (85, "g"), (170, "b"))), 50):
            fleet.hub.post("/api/scene", solid(hue))
            wait_for(lambda colour=colour: all_show(fleet, colour), fleet, f"every strip shows {colour}")
        wait_for(lambda: "DEGRADED" in states(fleet), fleet, "the loss is noticed")
        wait_for(lambda: all(node_at(fleet, n)["stats"]["dups"] > 0 for n in range(4)), fleet, "duplicates are counted")
        assert all(node_at(fleet, number)["loss_pct"] > 2 for number in range(4))
