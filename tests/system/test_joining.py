"""SIM nodes and the hub's join key, and a node's MAC in somebody else's hands."""

import asyncio
import time
from pathlib import Path
from typing import Any

from lightwave_sim.fleet import Fleet, FleetOptions
from tests.hub.support import FakeNode, hello
from tests.system.conftest import FleetMaker, known_nodes, node_at, wait_for

KEY = "a-join-key-of-this-test"
REJOIN_S = 10


def hub_options(folder: Path, key: str) -> tuple[str, ...]:
    file = folder / "hub.toml"
    file.write_text(f'[access]\njoin_key = "{key}"\n', encoding="utf-8")
    return "--config", str(file)


def test_nodes_with_the_key_join_and_rejoin(new_fleet: FleetMaker, tmp_path: Path) -> None:
    with new_fleet(nodes=2, config={"join_key": KEY}, hub_options=hub_options(tmp_path, KEY)) as fleet:
        before = node_at(fleet, 0)
        fleet.nodes[0].kill()
        began = time.monotonic()
        fleet.nodes[0].power_on()
        wait_for(lambda: node_at(fleet, 0)["uptime_s"] < before["uptime_s"] + 1, fleet, "it is another start")
        wait_for(lambda: node_at(fleet, 0)["state"] == "READY", fleet, "node 1 is READY again", REJOIN_S)
        assert time.monotonic() - began < REJOIN_S
        assert node_at(fleet, 0)["id"] == before["id"]
        assert node_at(fleet, 1)["state"] == "READY"
        said = fleet.hub.output + "".join(node.console for node in fleet.nodes)
        assert KEY not in said


def test_a_node_with_another_key_joins_nothing_and_says_why(tmp_path: Path) -> None:
    options = FleetOptions(
        directory=tmp_path, nodes=1, config={"join_key": KEY}, hub_options=hub_options(tmp_path, KEY + "!")
    )
    with Fleet(options) as fleet:
        fleet.nodes[0].wait_for(r"\[CTRL\] hub .*: the hub has another join_key than ours: we do not join it")
        assert known_nodes(fleet) == []


def test_nobody_takes_the_place_of_a_node_but_when_it_is_gone(new_fleet: FleetMaker) -> None:
    with new_fleet(nodes=1) as fleet:
        mac = fleet.nodes[0].options.mac
        assert asyncio.run(answer_to(fleet, mac))["code"] == "mac_taken"
        assert node_at(fleet, 0)["state"] == "READY"
        # Stopped, it is as a node without power: its connection neither answers nor ends.
        fleet.nodes[0].pause()
        try:
            began = time.monotonic()
            assert asyncio.run(answer_to(fleet, mac))["t"] == "welcome"
            assert time.monotonic() - began < REJOIN_S / 2
        finally:
            fleet.nodes[0].resume()


async def answer_to(fleet: Fleet, mac: str) -> dict[str, Any]:
    """What the hub says to a hello with this MAC."""
    node = await FakeNode.connect(fleet.hub.url)
    try:
        await node.ws.send_json(hello(mac=mac))
        answer: dict[str, Any] = await node.ws.receive_json()
        return answer
    finally:
        await node.close()
