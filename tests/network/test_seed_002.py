"""Seed 002's acceptance checks and failure modes on a network of its own, by its section numbers, with its figures.

What it asks of updates is in tests/system/test_ota.py: 13 is test_a_rolling_update_of_four_nodes and
test_a_bad_image_rolls_back_and_stops_the_rollout, 18 test_a_node_killed_in_the_middle_of_a_download_*. Its unit tests
(18) are in tests/dual and tests/hub, the renderer's pace (13, 16) in tests/validation and `make bench`.
"""

import ipaddress
import json
import time
from collections.abc import Iterator

import pytest

from lightwave.constants import HUB_IP
from lightwave_sim.spread import on_one_grid
from tests.network.endurance import Show, states
from tests.network.fleet import NetworkFleet, Station
from tests.system.conftest import all_show, known_nodes, node_at, wait_for
from tests.system.test_show import solid

FIRST, LAST = ipaddress.ip_address("192.168.4.2"), ipaddress.ip_address("192.168.4.50")
TOLD_S = 0.15  # until a node's change of mind has reached its console and us


@pytest.fixture
def phone(network: NetworkFleet) -> Iterator[Station]:
    station = Station(network.access_point, "phone")
    yield station
    station.close()


def others(fleet: NetworkFleet, number: int) -> list[str]:
    return [node_at(fleet, n)["state"] for n in range(len(fleet.nodes)) if n != number]


def test_13_and_15_four_nodes_join_by_dhcp_and_complete_hello_and_welcome(fleet: NetworkFleet) -> None:
    nodes = known_nodes(fleet)
    assert len({node["id"] for node in nodes}) == 4
    leases = fleet.access_point.leases()
    assert {node["mac"]: node["ip"] for node in nodes} == {node["mac"]: leases[node["mac"]] for node in nodes}
    assert all(FIRST <= ipaddress.ip_address(node["ip"]) <= LAST for node in nodes)
    assert fleet.hub.url == f"http://{HUB_IP}:80"


def test_13_a_phone_joins_and_reads_health(fleet: NetworkFleet, phone: Station) -> None:
    assert FIRST <= ipaddress.ip_address(phone.ask_for_an_address()) <= LAST
    with phone.connect(fleet.hub) as connection:
        connection.sendall(f"GET /health HTTP/1.0\r\nHost: {HUB_IP}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 200 " in head.splitlines()[0]
    assert json.loads(body)["status"] == "ok"


def test_13_and_16_all_nodes_lock_within_5_s_and_schedule_what_is_streamed(fleet: NetworkFleet) -> None:
    assert all(node["locked"] and node["lock_ms"] < 5000 for node in known_nodes(fleet))
    assert fleet.hub.get("/metrics")["time"]["pongs"] >= 4 * 10
    show = Show(fleet)
    show.change()
    wait_for(show.is_shown, fleet, "a scene change is shown")
    wait_for(lambda: all(node["stats"]["applied"] > 0 for node in known_nodes(fleet)), fleet, "the nodes say so")


def test_13_and_18_fifty_scene_changes_show_in_the_same_frame_everywhere(fleet: NetworkFleet) -> None:
    wait_for(lambda: on_one_grid(fleet.strip_a()), fleet, "the frame grids have met")
    show = Show(fleet)
    for _ in range(50):
        show.change(period_s=0)
        wait_for(show.is_shown, fleet, "every strip shows it")
    spread_us = sorted(show.spread_us())
    assert len(spread_us) == 50
    # A frame lasts 16,667 us: a node that took the edge into another frame than the others would be that far off.
    assert spread_us[25] < 8000


def test_13_and_17_a_killed_hub_is_fallen_back_from_in_500_ms_and_resumed_in_2_s(fleet: NetworkFleet) -> None:
    fleet.hub.post("/api/scene", solid(85))
    wait_for(lambda: all_show(fleet, "g"), fleet, "the strips are green")
    killed = time.monotonic()
    fleet.hub.kill()
    for node in fleet.nodes:
        node.wait_for(r"\[FALLBACK\] no stream: the scene is held", timeout=2)
    assert time.monotonic() - killed < 0.5 + TOLD_S
    assert all_show(fleet, "g")
    fleet.hub.start()
    returned = time.monotonic()
    for node in fleet.nodes:
        node.wait_for(r"\[FALLBACK\] over: the stream is back", timeout=4)
    assert time.monotonic() - returned < 2
    wait_for(lambda: states(fleet) == ["READY"] * 4, fleet, "every node has relocked")
    fleet.hub.post("/api/scene", solid(170))
    wait_for(lambda: all_show(fleet, "b"), fleet, "the show goes on")


def test_17_and_18_a_node_that_lost_its_power_is_noticed_and_back_in_10_s(fleet: NetworkFleet) -> None:
    show = Show(fleet)
    fleet.nodes[2].lose_power()
    gone = time.monotonic()
    while node_at(fleet, 2)["state"] != "LOST":
        assert time.monotonic() - gone < 3.5 + 1  # the keepalive's time-out, and the sweep
        assert others(fleet, 2) == ["READY"] * 3
        show.change()
        time.sleep(0.1)
    began = time.monotonic()
    fleet.nodes[2].regain_power()
    wait_for(lambda: node_at(fleet, 2)["state"] == "READY", fleet, "the node is READY again")
    assert time.monotonic() - began < 10
    assert others(fleet, 2) == ["READY"] * 3
    assert [missed for number, missed in enumerate(show.missed()) if number != 2] == [0, 0, 0]


def test_17_a_clock_that_runs_away_unlocks_and_relocks_within_5_s(fleet: NetworkFleet) -> None:
    before = fleet.hub.get("/metrics")["sync"]["unlocks"]
    fleet.clocks.step(0.02)  # the hub's, so that all nodes find theirs wrong
    for node in fleet.nodes:
        node.wait_for(r"\[SYNC\] lost: drift", timeout=5)
    unlocked = time.monotonic()
    for node in fleet.nodes:
        node.wait_for(r"\[SYNC\] locked", timeout=5)
    assert time.monotonic() - unlocked < 5
    wait_for(lambda: fleet.hub.get("/metrics")["sync"]["unlocks"] >= before + 4, fleet, "the metrics count it")


def test_17_and_18_loss_degrades_above_2_per_cent_and_the_show_goes_on(fleet: NetworkFleet) -> None:
    """The last of this module: a node's loss is of its last 10 s, so it is not READY for as long."""
    links = [node.link for node in fleet.nodes]
    links[0].lose_every(66)  # 1.5 % of the stream, exactly
    links[1].lose_every(40)  # 2.5 %
    links[2].lose(10)  # of everything, by chance
    links[3].lose(20)
    show = Show(fleet)
    try:
        wait_for(
            lambda: [node_at(fleet, number)["state"] for number in (1, 2, 3)] == ["DEGRADED"] * 3,
            fleet,
            "loss above 2 % is noticed",
            timeout_s=15,
        )
        for _ in range(10):
            show.change()
            wait_for(show.is_shown, fleet, "every strip shows it")
        assert node_at(fleet, 0)["state"] == "READY"
        assert node_at(fleet, 0)["loss_pct"] <= 2 < node_at(fleet, 1)["loss_pct"] < 4
        assert 4 < node_at(fleet, 2)["loss_pct"] < 16
        assert 10 < node_at(fleet, 3)["loss_pct"] < 30
        assert all(link.lost() > 0 for link in links)
    finally:
        for link in links:
            link.lose_nothing()
