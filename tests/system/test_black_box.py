"""What nodes note reaches the hub once, whatever goes away in between."""

from lightwave_sim.fleet import Fleet
from tests.system.conftest import FleetMaker, wait_for


def records(fleet: Fleet, stream: str, number: int = 0) -> list[dict]:
    mac = fleet.nodes[number].options.mac
    return fleet.hub.get(f"/api/records/{mac}/{stream}?limit=100000")["records"]


def is_whole(rows: list[dict]) -> bool:
    """Every second of every boot, once."""
    noted = [(row["boot"], row["seq"]) for row in rows]
    return noted == sorted(set(noted)) and all(
        later[1] == earlier[1] + 1 for earlier, later in zip(noted, noted[1:], strict=False) if later[0] == earlier[0]
    )


def test_records_reach_the_hub_and_outlive_both_sides(new_fleet: FleetMaker) -> None:
    with new_fleet(nodes=2) as fleet:
        wait_for(lambda: all(records(fleet, "metrics", n) for n in (0, 1)), fleet, "both nodes' metrics come")
        assert any("[BOOT]" in row["text"] for row in records(fleet, "events"))
        before = len(records(fleet, "metrics"))
        fleet.hub.kill()
        fleet.nodes[0].wait_for(r"\[FALLBACK\] no stream")
        fleet.hub.start()
        wait_for(lambda: len(records(fleet, "metrics")) > before, fleet, "the rest comes", timeout_s=20)
        assert any("[FALLBACK]" in row["text"] for row in records(fleet, "events"))
        fleet.nodes[0].kill()
        fleet.nodes[0].power_on()
        boots = {row["boot"] for row in records(fleet, "metrics")}
        wait_for(
            lambda: {row["boot"] for row in records(fleet, "metrics")} > boots, fleet, "its next life", timeout_s=20
        )
        for number in (0, 1):
            assert is_whole(records(fleet, "metrics", number))
        node = fleet.hub.get("/api/nodes")["nodes"][0]
        assert node["stats"]["rec_ram_pct"] < 50 and node["stats"]["rec_error_rate"] == 0
